/** The door of this room: whether a request fits its model, and what goes where it does not. */
export { type Overflow, overflowOf } from "./room.ts";
export { truncate } from "./truncate.ts";
