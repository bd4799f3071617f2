/** The door of this room: how many tokens a text is. */
export type { CountedRequest } from "./count-content.ts";
export { estimateInputTokens, estimateTextTokens, estimateTokens } from "./estimate-tokens.ts";
export { countTokens, isCounted } from "./count-tokens.ts";
export { hasTokenizer, installTokenizer } from "./tokenizer.ts";
