import type { LimiterEvent } from "../model/event.ts";
import { isProvidersFault } from "../model/failure.ts";
import { Circuit, type CircuitOptions } from "./circuit.ts";

export interface HealthOptions extends Pick<CircuitOptions, "probeDelayMs" | "maxProbeDelayMs" | "clock"> {
  readonly provider: string;
  readonly model: string;
  /** Nobody gets through to it, which others say. */
  readonly isUnreachable: () => boolean;
  readonly onEvent: (event: LimiterEvent) => void;
}

/**
 * The circuit of a place that is one of several: it counts everything that is the provider's fault, its answers with errors and its
 * timeouts, too. Where there is nobody else to ask, those are no reason to ask nobody.
 */
export function createHealth({ provider, model, isUnreachable, onEvent, ...options }: HealthOptions): Circuit {
  let isSaid = false;
  return new Circuit({
    ...options,
    isCounted: isProvidersFault,
    onChange(state, reason, waitMs) {
      if (state === "open" && !isUnreachable()) isSaid = true;
      if (isSaid) onEvent({ type: "circuit", provider, model, state, reason, waitMs, isReachable: true });
      if (state === "closed") isSaid = false;
    },
  });
}
