/** The door of this room: whether an answer is what its request's JSON schema asks for. */
export { createOutputValidator } from "./create-output-validator.ts";
export type { OutputValidator } from "./output-validator.ts";
