import { liveAsker } from "../../model/demand.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { BatchResult } from "../../model/result.ts";
import type { RunSettings } from "../run-settings.ts";
import type { UnderWay } from "../stops/under-way.ts";
import { askThroughCache } from "./cached-call.ts";
import type { CacheOutcome, LiveCache, LiveCaching } from "./live-cache.ts";
import { beginLiveCall, LiveCall, type LiveListener } from "./live-call.ts";

export interface LiveOptions extends LiveListener {
  /** Ends the call: nothing more is sent, and what is in flight is given up. */
  readonly signal: AbortSignal;
  /** @default it has no part in the call */
  readonly caching?: LiveCaching | undefined;
  /** Called as it is known what the cache does: of an answer that is kept, again when it is. */
  readonly onCache?: ((outcome: CacheOutcome) => void) | undefined;
}

/** @see RequestManager.live */
export async function answerLive(
  request: BatchRequest,
  settings: RunSettings,
  { signal, caching, onCache = () => {}, asker = liveAsker, ...listener }: LiveOptions,
  underWay: UnderWay,
  cache: LiveCache | undefined,
): Promise<BatchResult> {
  const call = beginLiveCall(request, settings, { ...listener, asker });
  if (!(call instanceof LiveCall)) return call;
  const ended = underWay.begin(call.stop, signal);
  const isCached = cache !== undefined && caching !== undefined;
  const outcome = isCached ? await askThroughCache(call, cache, caching, onCache) : await call.ask();
  ended();
  return call.end(outcome);
}
