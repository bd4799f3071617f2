/** The door of this room: whether a request fits its model, and what goes where it does not. */
export { type CountTokens, defaultOutputTokens, type MeasuredRequest, type Overflow, overflowOf } from "./room.ts";
export { truncate, type Truncation } from "./truncate.ts";
