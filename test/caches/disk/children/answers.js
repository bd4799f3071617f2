import { hash } from "node:crypto";

export function keyOf(n) {
  return hash("sha256", String(n), "base64url");
}

export function answerOf(n) {
  const usage = { promptTokens: 1, completionTokens: 2, cachedTokens: 0, reasoningTokens: 0 };
  return { statusCode: 200, requestId: `req_${n}`, body: `{"n":${n},"text":"${"x".repeat(1000)}"}`, usage };
}
