import { getEventListeners } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import type { Limiter } from "../../src/limiters/limiters.ts";
import type { Attempt } from "../../src/model/attempt.ts";
import { answered, demandFor, failed, never } from "../limiters/attempts.ts";

/** A task that ends when it is told to, and the ledger of all such tasks. */
class Tasks {
  readonly started: number[] = [];
  readonly #ends = new Map<number, (attempt: Attempt) => void>();
  peak = 0;

  task(number: number): () => Promise<Attempt> {
    return () =>
      new Promise((resolve) => {
        this.started.push(number);
        this.#ends.set(number, resolve);
        this.peak = Math.max(this.peak, this.#ends.size);
      });
  }

  get running(): number[] {
    return [...this.#ends.keys()];
  }

  end(number: number, attempt: Attempt = answered(10)): void {
    this.#ends.get(number)?.(attempt);
    this.#ends.delete(number);
  }

  endAll(): void {
    for (const number of this.running) this.end(number);
  }
}

const cost = demandFor(10);

const stops: AbortController[] = [];

/** Aborted when the test is over. */
function stopped(): AbortController {
  const stop = new AbortController();
  stops.push(stop);
  return stop;
}

/**
 * What every limiter does.
 *
 * @param make A limiter with 4 slots, and rates that let at least 100 requests of 10 tokens start at once.
 */
export function describeEveryLimiter(name: string, make: () => Limiter): void {
  describe(`limiter contract: ${name}`, () => {
    afterEach(() => stops.splice(0).forEach((stop) => stop.abort()));

    test("every request gets its own attempt, and is asked once", async () => {
      const limiter = make();
      const asked: number[] = [];
      const results = await Promise.all(
        Array.from({ length: 60 }, (_, number) =>
          limiter.run(
            cost,
            async () => {
              asked.push(number);
              return number % 7 === 0 ? failed("timeout", { message: `${number}` }) : answered(number + 1);
            },
            never,
          ),
        ),
      );
      expect(asked).toEqual(Array.from({ length: 60 }, (_, number) => number));
      const names = results.map((result) =>
        result.ok ? result.response.usage.promptTokens - 1 : Number(result.failure.message),
      );
      expect(names).toEqual(asked);
    });

    test("first come, first served, and never more at a time than there are slots", async () => {
      const limiter = make();
      const tasks = new Tasks();
      const runs = Array.from({ length: 40 }, (_, number) => limiter.run(cost, tasks.task(number), never));
      for (let left = 40; left > 0; left -= 1) {
        await expect.poll(() => tasks.running.length, { interval: 1 }).toBe(Math.min(4, left));
        expect(limiter.status().inFlight).toBe(Math.min(4, left));
        // The last of those running ends first: who ends when must not change who is next.
        tasks.end(tasks.running.at(-1) ?? 0);
      }
      await Promise.all(runs);
      expect(tasks.started).toEqual(Array.from({ length: 40 }, (_, number) => number));
      expect(tasks.peak).toBe(4);
    });

    test("a slot that becomes free is filled while the other requests still run", async () => {
      const limiter = make();
      const tasks = new Tasks();
      const runs = Array.from({ length: 8 }, (_, number) => limiter.run(cost, tasks.task(number), never));
      await expect.poll(() => tasks.started, { interval: 2 }).toEqual([0, 1, 2, 3]);
      tasks.end(2);
      await expect.poll(() => tasks.started, { interval: 2 }).toEqual([0, 1, 2, 3, 4]);
      expect(tasks.running).toEqual([0, 1, 3, 4]);
      while (tasks.started.length < 8) {
        tasks.endAll();
        await new Promise(setImmediate);
      }
      tasks.endAll();
      await Promise.all(runs);
    });

    test("a task that rejects, which is a bug, gives its slot back and is heard of", async () => {
      const limiter = make();
      const broken = Array.from({ length: 9 }, (_, number) =>
        limiter.run(cost, () => Promise.reject(new Error(`bug ${number}`)), never),
      );
      const outcomes = await Promise.allSettled(broken);
      expect(outcomes.map((outcome) => (outcome.status === "rejected" ? String(outcome.reason) : outcome.status))).toEqual(
        Array.from({ length: 9 }, (_, number) => `Error: bug ${number}`),
      );
      await expect(limiter.run(cost, async () => answered(), never)).resolves.toMatchObject({ ok: true });
      expect(limiter.status()).toMatchObject({ inFlight: 0, waiting: 0 });
    });

    test("an abort ends requests that wait, as cancelled and unasked, and lets those that run finish", async () => {
      const limiter = make();
      const tasks = new Tasks();
      const stop = stopped();
      const runs = Array.from({ length: 10 }, (_, number) => limiter.run(cost, tasks.task(number), stop.signal));
      await expect.poll(() => tasks.started.length, { interval: 2 }).toBe(4);
      stop.abort();
      const waiting = await Promise.all(runs.slice(4));
      for (const attempt of waiting)
        expect(attempt).toMatchObject({ ok: false, failure: { kind: "cancelled", retryable: false } });
      expect(limiter.status()).toMatchObject({ inFlight: 4, waiting: 0, blockedBy: "nothing" });
      tasks.endAll();
      const run = await Promise.all(runs.slice(0, 4));
      expect(run.every((attempt) => attempt.ok)).toBe(true);
      expect(tasks.started).toEqual([0, 1, 2, 3]);
    });

    test("an abort concerns its own requests only", async () => {
      const limiter = make();
      const tasks = new Tasks();
      const stop = stopped();
      const runs = Array.from({ length: 12 }, (_, number) =>
        limiter.run(cost, tasks.task(number), number % 2 === 0 ? stop.signal : never),
      );
      await expect.poll(() => tasks.started.length, { interval: 2 }).toBe(4);
      stop.abort();
      while (tasks.started.length < 8) {
        tasks.endAll();
        await new Promise(setImmediate);
      }
      tasks.endAll();
      const attempts = await Promise.all(runs);
      expect(tasks.started).toEqual([0, 1, 2, 3, 5, 7, 9, 11]);
      expect(attempts.map((attempt) => attempt.ok)).toEqual(attempts.map((_, number) => number < 4 || number % 2 === 1));
    });

    test("a signal that was aborted before starts nothing", async () => {
      const tasks = new Tasks();
      const attempt = await make().run(cost, tasks.task(0), AbortSignal.abort());
      expect(attempt).toMatchObject({ ok: false, failure: { kind: "cancelled" } });
      expect(tasks.started).toEqual([]);
    });
  });
}

/** What a limiter does besides that keeps to limits by itself. @param make As above, with limits of its own. */
export function describeOwnLimiter(name: string, make: () => Limiter): void {
  describeEveryLimiter(name, make);
  describe(`limiter of our own: ${name}`, () => {
    afterEach(() => stops.splice(0).forEach((stop) => stop.abort()));

    test("a thousand requests put no more than one listener on the signal of their run, and leave none", async () => {
      const limiter = make();
      const { signal } = stopped();
      let maxListeners = 0;
      const task = async (): Promise<Attempt> => {
        maxListeners = Math.max(maxListeners, getEventListeners(signal, "abort").length);
        return answered(1);
      };
      await Promise.all(Array.from({ length: 1_000 }, () => limiter.run(demandFor(0), task, signal)));
      expect(maxListeners).toBe(1);
      expect(getEventListeners(signal, "abort")).toHaveLength(0);
    });

    test("a rejection stops all requests until the server's Retry-After is over, and not a moment earlier", async () => {
      const limiter = make();
      const startsMs: number[] = [];
      let rejectedAtMs = 0;
      const reject = async (): Promise<Attempt> => {
        rejectedAtMs = performance.now();
        return failed("rate_limit", { retryAfterMs: 120 });
      };
      await limiter.run(cost, reject, never);
      const task = async (): Promise<Attempt> => {
        startsMs.push(performance.now());
        return answered(10);
      };
      const runs = Array.from({ length: 6 }, () => limiter.run(cost, task, never));
      const { blockedBy, pauseMs, waiting } = limiter.status();
      expect({ blockedBy, waiting }).toEqual({ blockedBy: "pause", waiting: 6 });
      expect(pauseMs).toBeGreaterThan(0);
      await Promise.all(runs);
      expect(Math.min(...startsMs)).toBeGreaterThanOrEqual(rejectedAtMs + 120);
      expect(limiter.status()).toMatchObject({ inFlight: 0, waiting: 0, blockedBy: "nothing", pauseMs: 0 });
    });

    test("a request that waits for a pause leaves at once when its signal is aborted", async () => {
      const limiter = make();
      const stop = stopped();
      await limiter.run(cost, async () => failed("overloaded", { retryAfterMs: 3_600_000 }), never);
      const run = limiter.run(cost, async () => answered(), stop.signal);
      stop.abort();
      await expect(run).resolves.toMatchObject({ ok: false, failure: { kind: "cancelled" } });
    });

    test("says what holds requests back", async () => {
      const limiter = make();
      const tasks = new Tasks();
      expect(limiter.status()).toMatchObject({ inFlight: 0, waiting: 0, blockedBy: "nothing", pauseMs: 0 });
      const runs = Array.from({ length: 5 }, (_, number) => limiter.run(cost, tasks.task(number), never));
      await expect.poll(() => tasks.started.length, { interval: 2 }).toBe(4);
      expect(limiter.status()).toMatchObject({ inFlight: 4, waiting: 1, blockedBy: "concurrency", amount: 4, pauseMs: 0 });
      tasks.endAll();
      await expect.poll(() => tasks.started.length, { interval: 2 }).toBe(5);
      tasks.endAll();
      await Promise.all(runs);
    });
  });
}
