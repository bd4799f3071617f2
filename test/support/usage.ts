import type { Usage } from "../../src/model/usage.ts";

export const noUsage: Usage = { promptTokens: 0, completionTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
