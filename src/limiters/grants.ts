import type Bottleneck from "bottleneck";

/** Bottleneck grants in some 4 ms. When it has not by now, it probably waits for a wall clock that was set back. */
const patienceMs = 200;

/**
 * Grants of starts, given out by Bottleneck from a reservoir that is filled here. Each of its jobs takes some 4 ms however light it is, so
 * one job asks for a whole group, ahead of the starts; when a start may be is up to the limits, which go by a monotonic clock, as
 * Bottleneck's own refill does not.
 */
export class Grants {
  #left = 0;
  #isAsking = false;
  #bottleneck: Bottleneck | undefined;

  get left(): number {
    return this.#left;
  }

  get isAsking(): boolean {
    return this.#isAsking;
  }

  take(): void {
    this.#left -= 1;
  }

  /** Asks for `count` more. Not to be called while `isAsking`. Never rejects. */
  async ask(count: number): Promise<void> {
    this.#isAsking = true;
    // Patience grows, because it may also be this process that is slow.
    for (let withinMs = patienceMs; ; withinMs *= 2) {
      this.#bottleneck ??= await openBottleneck();
      if (await isGranted(this.#bottleneck, count, withinMs)) break;
      void this.#bottleneck.stop({ dropWaitingJobs: true });
      this.#bottleneck = undefined;
    }
    this.#isAsking = false;
    this.#left += count;
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
