import { parseJson } from "../../json/json-value.ts";
import type { Attempt } from "../../model/attempt.ts";
import type { Usage } from "../../model/usage.ts";
import { estimateInputTokens, estimateTextTokens } from "../../tokens/tokens.ts";
import type { Protocol } from "../protocol.ts";

interface StreamedSoFar {
  body(): string;
  readonly lengthToKept: number;
}

/**
 * What a stream that did not come whole used. Of one that its caller gave up, the provider bills what it has made, and does not say how much:
 * it is estimated.
 *
 * @param stream What has come, put together, and how much for each part that is kept.
 */
export function usageOfStream(stream: StreamedSoFar, requestBody: string, attempt: Attempt, protocol: Protocol): Usage {
  const body = parseJson(stream.body());
  const usage = protocol.readUsage(body);
  const isGivenUp = !attempt.ok && attempt.failure.kind === "cancelled";
  if (!isGivenUp || usage.completionTokens > 0) return usage;
  const promptTokens = Math.max(usage.promptTokens, estimateInputTokens({ path: protocol.path, body: requestBody }));
  const completionTokens = Math.round(estimateTextTokens(protocol.readText?.(body) ?? "") * stream.lengthToKept);
  return { ...usage, promptTokens, completionTokens };
}
