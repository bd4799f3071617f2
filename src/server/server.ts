/** The door of this room: a server for live clients. */
export { createServer, type LiveServer } from "./create-server.ts";
export { type ConnectionLimits, type ListeningServer, listen } from "./listen.ts";
export type { ServedModel } from "./pages/models.ts";
export type { ServerOptions } from "./server-options.ts";
