import type { LimiterEvent } from "../../model/event.ts";
import { isProvidersFault } from "../../model/failure.ts";
import { Circuit, type CircuitOptions } from "./circuit.ts";

interface TargetHealthOptions extends Pick<CircuitOptions, "probeDelayMs" | "maxProbeDelayMs" | "clock"> {
  readonly provider: string;
  readonly model: string;
  /** No request gets through to it, which another circuit reports. */
  readonly isUnreachable: () => boolean;
  readonly onEvent: (event: LimiterEvent) => void;
}

/**
 * The circuit of a target that is one of several. It counts all that is the provider's fault, errors that it answers with and timeouts, too.
 * Where there is no other target, those are no reason to stop.
 */
export function createTargetHealth({ provider, model, isUnreachable, onEvent, ...options }: TargetHealthOptions): Circuit {
  let isReported = false;
  return new Circuit({
    ...options,
    isCounted: isProvidersFault,
    onChange(state, reason, waitMs) {
      if (state === "open" && !isUnreachable()) isReported = true;
      if (isReported) onEvent({ type: "circuit", provider, model, state, reason, waitMs, isReachable: true });
      if (state === "closed") isReported = false;
    },
  });
}
