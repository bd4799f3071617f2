import type Bottleneck from "bottleneck";
import { Reservoir } from "./reservoir.ts";

/** Bottleneck grants in some 4 ms. When it has not by now, it waits for a wall clock that was set back. */
const stalledAfterMs = 100;

/**
 * One per-minute limit, of requests or of tokens.
 *
 * Bottleneck keeps the reservoir and grants from it. It is fed from here, by a monotonic clock: its own refill goes by the wall clock
 * and drifts. Each of its jobs takes some 4 ms however light it is, so one job asks for a whole group of requests.
 */
export class RateLimit {
  readonly perMinute: number;
  readonly #clock: () => number;
  readonly #reservoir: Reservoir;
  #bottleneck: Bottleneck | undefined;
  /** What Bottleneck's reservoir holds. */
  #kept = 0;

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

  /**
   * Asks Bottleneck for a permit. Nothing is taken yet: call `take` for what was started. To be called only when `waitMs` is 0, and not
   * again before it has resolved. Never rejects.
   */
  async permit(weight: number): Promise<void> {
    const { room } = this;
    do this.#bottleneck ??= await openBottleneck();
    while (!(await this.#isGranted(this.#bottleneck, Math.min(weight, room), room)));
  }

  /** Takes what was started. The part of `weight` that is not there becomes a debt. */
  take(weight: number): void {
    this.#reservoir.take(weight, this.#clock());
  }

  /** Corrects what was taken: gives back, never above capacity, or with a negative `weight` takes more. */
  giveBack(weight: number): void {
    this.#reservoir.giveBack(weight, this.#clock());
  }

  /** Feeds Bottleneck what came in since the last permit, and asks. False when it has stalled. */
  #isGranted(bottleneck: Bottleneck, weight: number, room: number): Promise<boolean> {
    return new Promise((resolve) => {
      // Node's timers go by a monotonic clock.
      const watchdog = setTimeout(() => {
        this.#discard(bottleneck);
        resolve(false);
      }, stalledAfterMs);
      const grant = async (): Promise<void> => {
        clearTimeout(watchdog);
        resolve(true);
      };
      void bottleneck.incrementReservoir(room - this.#kept);
      this.#kept = room - weight;
      bottleneck.schedule({ weight }, grant).catch(ignoreDropped);
    });
  }

  #discard(bottleneck: Bottleneck): void {
    this.#bottleneck = undefined;
    this.#kept = 0;
    void bottleneck.stop({ dropWaitingJobs: true });
  }
}

/** Loaded when it is first needed: a run without limits should not wait for it. */
async function openBottleneck(): Promise<Bottleneck> {
  const { default: Limiter } = await import("bottleneck");
  return new Limiter({ reservoir: 0 });
}

/** Its job is dropped only when a Bottleneck was discarded, and then the next one is asked. */
function ignoreDropped(): void {}
