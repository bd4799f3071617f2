/** The door of this room: how many tokens a text is. */
export { estimateInputTokens, estimateTextTokens } from "./estimate-tokens.ts";
