import type { RateLimit } from "../../model/rate-limit.ts";

/**
 * What coordinators and workers have agreed on. It goes up with each change of what stands in Redis: those of another number do not share
 * work, and say so.
 */
export const fleetProtocol = 3;

/** What a run asks of all workers together. */
export interface RunSettings {
  /** They hold for all workers together. */
  readonly limits: readonly RateLimit[];
}
