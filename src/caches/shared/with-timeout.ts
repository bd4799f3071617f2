import { setTimeout as sleep } from "node:timers/promises";
import { CacheError } from "../../model/errors.ts";

/** What comes of work that takes longer is not looked at. @throws CacheError when its time is over. What the work throws. */
export async function withTimeout<Value>(work: Promise<Value>, timeoutMs: number): Promise<Value> {
  const over = new AbortController();
  const timeout = sleep(timeoutMs, undefined, { signal: over.signal }).then(() => {
    throw new CacheError(`no answer for ${timeoutMs / 1000} s`);
  });
  work.catch(() => undefined);
  timeout.catch(() => undefined);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    over.abort();
  }
}
