/** The door of this room: a server for live clients. */
export { explainHost, explainOrigin } from "./check-server-options.ts";
export { createServer, type LiveServer } from "./create-server.ts";
export { type ConnectionLimits, type ListeningServer, listen } from "./listen.ts";
export type { ServerClient } from "./clients/server-client.ts";
export type { ResponseTimes } from "./live/live-context.ts";
export type { LiveCacheMode } from "./live/live-caching.ts";
export type { ServedModel } from "./pages/models.ts";
export type { ServerOptions } from "./server-options.ts";
