import type { RequestManager } from "../../manager/manager.ts";

/** Of OpenAI's headers, by what is counted. */
const kinds = ["requests", "tokens"] as const;

/**
 * What our own limits leave of a model, in OpenAI's headers: of each target the tightest, summed up. The provider's numbers are those of one key, and clients
 * that steer by them would be misled.
 */
export function limitHeaders(manager: RequestManager, model: string): Record<string, string> {
  const targets = manager.rateLimitStatus().filter((target) => target.model === model);
  const headers: Record<string, string> = {};
  for (const kind of kinds) {
    const limits = targets.flatMap((target) => {
      const ofKind = target.limits.filter(({ unit }) => unit === kind);
      return ofKind.toSorted((a, b) => a.available / a.amount - b.available / b.amount).slice(0, 1);
    });
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
