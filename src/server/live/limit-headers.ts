import type { RequestManager } from "../../manager/manager.ts";

/** Of OpenAI's headers, by what is counted. */
const kinds = ["requests", "tokens"] as const;

/**
 * What our own limits leave of a model, in OpenAI's headers, summed over its targets. The provider's numbers are those of one key, and clients
 * that steer by them would be misled.
 */
export function limitHeaders(manager: RequestManager, model: string): Record<string, string> {
  const targets = manager.rateLimitStatus().filter((target) => target.model === model);
  const headers: Record<string, string> = {};
  for (const kind of kinds) {
    const limits = targets.flatMap((target) => target.limits.filter(({ unit }) => unit === kind));
    if (limits.length === 0) continue;
    const total = limits.reduce((sum, { amount }) => sum + amount, 0);
    const left = limits.reduce((sum, { available }) => sum + Math.max(0, Math.floor(available)), 0);
    const resetMs = Math.max(
      ...limits.map(({ amount, available, periodMs }) => (1 - Math.max(0, available) / amount) * periodMs),
    );
    headers[`x-ratelimit-limit-${kind}`] = String(total);
    headers[`x-ratelimit-remaining-${kind}`] = String(Math.min(left, total));
    headers[`x-ratelimit-reset-${kind}`] = `${Math.max(0, Math.ceil(resetMs / 1000))}s`;
  }
  return headers;
}
