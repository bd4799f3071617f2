import { setTimeout as sleep } from "node:timers/promises";

/**
 * Redis may be away: nothing that it takes part in is waited for without end. No timer stays behind, which would keep the process for its time.
 *
 * @returns undefined where it takes longer. @throws what `work` throws before that.
 */
export async function atMost<Value>(ms: number, work: Promise<Value>): Promise<Value | undefined> {
  const isOver = new AbortController();
  const late = sleep(ms, undefined, { signal: isOver.signal }).catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    isOver.abort();
  }
}
