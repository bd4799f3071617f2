/** The door of this room: whether to ask again, and when. */
export { Retries, type RetryRules, type RetryWait } from "./retries.ts";
export type { RetryPolicy } from "./retry-policy.ts";
export { sleep } from "./sleep.ts";
export { RetryQuota } from "./retry-quota.ts";
