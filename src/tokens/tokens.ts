/** The door of this room: how many tokens a text is. */
export type { CountedRequest } from "./count-content.ts";
export { estimateInputTokens, estimateTextTokens } from "./estimate-tokens.ts";
