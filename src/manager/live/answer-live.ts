import { liveAsker } from "../../model/demand.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { BatchResult } from "../../model/result.ts";
import type { RunSettings } from "../run-settings.ts";
import type { UnderWay } from "../stops/under-way.ts";
import { beginLiveCall, LiveCall, type LiveListener } from "./live-call.ts";

export interface LiveOptions extends LiveListener {
  /** Ends the call: nothing more is sent, and what is in flight is given up. */
  readonly signal: AbortSignal;
}

/** @see RequestManager.live */
export async function answerLive(
  request: BatchRequest,
  settings: RunSettings,
  { signal, asker = liveAsker, ...listener }: LiveOptions,
  underWay: UnderWay,
): Promise<BatchResult> {
  const call = beginLiveCall(request, settings, { ...listener, asker });
  if (!(call instanceof LiveCall)) return call;
  const ended = underWay.begin(call.stop, signal);
  const outcome = await call.ask();
  ended();
  return call.end(outcome);
}
