import type { Allowance } from "./allowance.ts";
import { AnthropicLimits } from "./anthropic-limits.ts";
import { FixedWindow } from "./fixed-window.ts";
import { OpenAiLimits } from "./openai-limits.ts";
import type { RateLimits } from "./rate-limits.ts";
import type { MockSettings } from "../settings.ts";
import { TokenBucket } from "./token-bucket.ts";

interface Clocks {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly epochMs: () => number;
}

export type LimitSettings = Pick<
  MockSettings,
  "rules" | "requestsPerMinute" | "tokensPerMinute" | "inputTokensPerMinute" | "outputTokensPerMinute"
>;

/** The limits of one server, by the rules it was told to keep. */
export function createRateLimits(settings: LimitSettings, { now, epochMs }: Clocks): RateLimits {
  const { requestsPerMinute, tokensPerMinute, inputTokensPerMinute, outputTokensPerMinute } = settings;
  const bucket = (perMinute: number | undefined): Allowance | undefined =>
    perMinute === undefined ? undefined : new TokenBucket(perMinute, now);
  const window = (perMinute: number | undefined, windowMs: number): Allowance | undefined =>
    perMinute === undefined ? undefined : new FixedWindow(perMinute, windowMs, now);
  switch (settings.rules) {
    case "openai":
      return new OpenAiLimits({ requests: bucket(requestsPerMinute), tokens: bucket(tokensPerMinute) });
    case "second":
      return new OpenAiLimits({ requests: window(requestsPerMinute, 1000), tokens: bucket(tokensPerMinute) }, plainSeconds);
    case "window":
      return new OpenAiLimits({ requests: window(requestsPerMinute, 60_000), tokens: window(tokensPerMinute, 60_000) });
    case "anthropic": {
      const [inputTokens, outputTokens] = [bucket(inputTokensPerMinute), bucket(outputTokensPerMinute)];
      return new AnthropicLimits({ requests: bucket(requestsPerMinute), inputTokens, outputTokens }, epochMs);
    }
  }
}

/** As Azure writes how long until a limit is fresh. */
function plainSeconds(spanMs: number): string {
  return String(Math.ceil(spanMs / 1000));
}
