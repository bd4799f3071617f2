import type { Attempt } from "../../model/attempt.ts";
import type { Usage } from "../../model/usage.ts";
import { estimateInputTokens, estimateTextTokens } from "../../tokens/tokens.ts";
import type { Protocol } from "../protocol.ts";

/**
 * What a stream that did not come whole used. Of one that its caller gave up, the provider bills what it has made, and does not say how much:
 * it is estimated.
 *
 * @param body What has come, put together.
 * @param lengthToKept How much has come for each part that `body` holds.
 */
export function usageOfStream(body: unknown, requestBody: string, attempt: Attempt, protocol: Protocol, lengthToKept = 1): Usage {
  const usage = protocol.readUsage(body);
  const isGivenUp = !attempt.ok && attempt.failure.kind === "cancelled";
  if (!isGivenUp || usage.completionTokens > 0) return usage;
  const promptTokens = Math.max(usage.promptTokens, estimateInputTokens({ path: protocol.path, body: requestBody }));
  const completionTokens = Math.round(estimateTextTokens(protocol.readText?.(body) ?? "") * lengthToKept);
  return { ...usage, promptTokens, completionTokens };
}
