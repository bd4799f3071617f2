import type { ModelResponse } from "../../model/attempt.ts";
import type { CacheOutcome, LiveCache, LiveCaching } from "./live-cache.ts";
import type { LiveCall, LiveOutcome } from "./live-call.ts";
import { nameOfLive } from "./live-name.ts";
import { isRepeatable, isWholeAnswer } from "./storable.ts";

/** Answers a call from the cache, by an identical one that is under way, or asks, and keeps a whole answer before the call ends. */
export async function askThroughCache(
  call: LiveCall,
  cache: LiveCache,
  { reads, writes, namespace }: LiveCaching,
  onCache: (outcome: CacheOutcome) => void,
): Promise<LiveOutcome> {
  const { request, provider } = call;
  const key = cache.names.of(request, namespace, () =>
    isRepeatable(request) ? nameOfLive(request, provider, namespace) : undefined,
  );
  if (key === undefined) {
    onCache({ kind: "off" });
    return call.ask();
  }
  if (reads) {
    const found = await cache.find(key);
    if (found === "failed") {
      onCache({ kind: "failed" });
      return call.ask();
    }
    if (found?.response !== undefined) {
      const { response, storedAt } = found;
      onCache({ kind: "hit", ageMs: storedAt === undefined ? undefined : Math.max(0, Date.now() - storedAt) });
      return call.recalled(response);
    }
    onCache({ kind: "miss" });
    const first = writes ? cache.underWay(key) : undefined;
    const shared = first && (await call.follow(first));
    if (shared !== undefined) {
      onCache({ kind: "hit", ageMs: 0 });
      return call.recalled(shared);
    }
  } else onCache({ kind: "miss" });
  if (!writes) return call.ask();
  const { outcome } = await cache.share(key, async (onSent) => {
    const asked = await call.ask(onSent);
    const answer = answerOf(asked);
    if (answer !== undefined) onCache({ kind: await cache.keep(key, answer) });
    return { outcome: asked, answer };
  });
  return outcome;
}

/** The answer, where it may be kept. */
function answerOf({ attempt }: LiveOutcome): ModelResponse | undefined {
  return attempt.ok && isWholeAnswer(attempt.response) ? attempt.response : undefined;
}
