import type Bottleneck from "bottleneck";
import { Reservoir } from "./reservoir.ts";

/** Bottleneck grants in some 4 ms. When it has not by now, it probably waits for a wall clock that was set back. */
const patienceMs = 200;

/**
 * One per-minute limit, of requests or of tokens.
 *
 * Bottleneck grants the permits, from a reservoir that is fed here, when what is asked for has flowed in by a monotonic clock: its own
 * refill goes by the wall clock and drifts. Each of its jobs takes some 4 ms however light it is, so one job asks for a whole group.
 */
export class RateLimit {
  readonly perMinute: number;
  readonly #clock: () => number;
  readonly #reservoir: Reservoir;
  #bottleneck: Bottleneck | undefined;

  /** @param clock Monotonic milliseconds. */
  constructor(perMinute: number, clock: () => number) {
    this.perMinute = perMinute;
    this.#clock = clock;
    this.#reservoir = new Reservoir(perMinute, clock());
  }

  /** How many whole requests or tokens can be started now; below 0 while a debt is being paid off. */
  get room(): number {
    return this.#reservoir.room(this.#clock());
  }

  /** Milliseconds until `weight` can be started; 0 if now. What is larger than the reservoir can start when that is full. */
  waitMs(weight: number): number {
    return this.#reservoir.waitMs(weight, this.#clock());
  }

  /** Asks for a permit. It takes nothing: call `take` for what was started. To be called only when `waitMs` is 0. Never rejects. */
  async permit(weight: number): Promise<void> {
    // Patience grows, because it may also be this process that is slow.
    for (let withinMs = patienceMs; ; withinMs *= 2) {
      this.#bottleneck ??= await openBottleneck();
      if (await isGranted(this.#bottleneck, weight, withinMs)) return;
      void this.#bottleneck.stop({ dropWaitingJobs: true });
      this.#bottleneck = undefined;
    }
  }

  /** Takes what was started. The part of `weight` that is not there becomes a debt. */
  take(weight: number): void {
    this.#reservoir.take(weight, this.#clock());
  }

  /** Corrects what was taken: gives back, never above capacity, or with a negative `weight` takes more. */
  giveBack(weight: number): void {
    this.#reservoir.giveBack(weight, this.#clock());
  }
}

/** Loaded when it is first needed: a run without limits should not wait for it. */
async function openBottleneck(): Promise<Bottleneck> {
  const { default: Limiter } = await import("bottleneck");
  return new Limiter({ reservoir: 0 });
}

function isGranted(bottleneck: Bottleneck, weight: number, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Node's timers go by a monotonic clock.
    const watchdog = setTimeout(resolve, withinMs, false);
    const grant = async (): Promise<void> => {
      clearTimeout(watchdog);
      resolve(true);
    };
    void bottleneck.incrementReservoir(weight);
    bottleneck.schedule({ weight }, grant).catch(ignoreDropped);
  });
}

/** A job is dropped only by a Bottleneck that was given up, and then the next one is asked. */
function ignoreDropped(): void {}
