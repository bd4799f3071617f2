/** The door of this room: the walk of every request, and when a run stops. */
export { type Completion, completionRequest } from "./completion.ts";
export type { RequestManagerOptions } from "./request-manager-options.ts";
export { RequestManager } from "./request-manager.ts";
export { keyStartOf, type RequestName, RequestNames } from "./request-names.ts";
