import { describe, expect, test, vi } from "vitest";
import type { Attempt } from "../../../src/model/attempt.ts";
import { answered, failed, never } from "../attempts.ts";
import { stopTime } from "../stopped-time.ts";
import { Trial } from "../trial.ts";

stopTime();

const maxWaitMs = 60_000;
const throttled = (retryAfterMs?: number): Attempt =>
  failed("rate_limit", { message: "Too many.", ...(retryAfterMs !== undefined && { retryAfterMs }) });

/** Sends one request again and again, as a run does, until it need not be. @returns what came of it last. */
async function sendOn(trial: Trial, attempt: Attempt): Promise<Attempt> {
  let last = await trial.send(0, attempt);
  while (!last.ok && last.failure.retryable) {
    if (last.failure.isHeldBack !== true) await new Promise((resolve) => setTimeout(resolve, 1_000));
    last = await trial.sendAgain(attempt);
  }
  return last;
}

function closureOf(attempt: Attempt): unknown {
  return attempt.ok ? "answered" : attempt.failure.closure;
}

describe("a limit that opens later than a request may wait", () => {
  test("ends the waiting at once: requests behind it waited 17 hours, though none may for longer than half of one", async () => {
    const trial = new Trial({ maxWaitMs, concurrency: 1 });
    const sent = trial.send(0, throttled(63_214_000));
    const waiting = [trial.send(0), trial.send(0)];
    await vi.advanceTimersByTimeAsync(1);
    for (const attempt of await Promise.all([sent, ...waiting])) {
      expect(attempt).toMatchObject({ ok: false, failure: { kind: "rate_limit", retryable: false } });
      expect(closureOf(attempt)).toMatchObject({ forMs: 0, opensInMs: 63_214_000 });
    }
    expect(await trial.send(0)).toMatchObject({
      failure: { message: expect.stringContaining("Too many. (no request gets through for") },
    });
    expect(trial.starts).toHaveLength(1);
    expect(trial.limiter.status()).toMatchObject({ waiting: 0 });
  });

  test("is waited for if it opens in time, and what was throttled then goes first", async () => {
    const trial = new Trial({ maxWaitMs, concurrency: 1 });
    const rejected = trial.send(0, throttled(60_000));
    await vi.advanceTimersByTimeAsync(1);
    expect(await rejected).toMatchObject({ failure: { retryable: true, isHeldBack: true } });
    const others = [trial.send(0), trial.send(0)];
    const again = [trial.sendAgain(), trial.sendAgain()];
    await vi.advanceTimersByTimeAsync(61_000);
    await Promise.all([...others, ...again]);
    expect(trial.numbers).toEqual([0, 3, 4, 1, 2]);
  });

  test("is one model's: others go on", async () => {
    const trial = new Trial({ maxWaitMs });
    await trial.send(0, throttled(1e9), never, "slow");
    const [slow, quick] = await Promise.all([
      trial.send(0, answered(), never, "slow"),
      trial.send(0, answered(), never, "quick"),
    ]);
    expect([closureOf(slow), closureOf(quick)]).toEqual([expect.anything(), "answered"]);
  });
});

describe("a server that throttles for ever", () => {
  test.each([undefined, 2_000])(
    "is given up once no request got through for as long as one may wait; it says %s ms",
    async (ms) => {
      const trial = new Trial({ maxWaitMs });
      const beganAtMs = performance.now();
      const requests = Array.from({ length: 30 }, () => sendOn(trial, throttled(ms)));
      await vi.runAllTimersAsync();
      for (const attempt of await Promise.all(requests)) expect(closureOf(attempt)).toEqual(expect.anything());
      expect((trial.starts.at(-1)?.atMs ?? 0) - beganAtMs).toBeLessThanOrEqual(maxWaitMs);
      expect(performance.now() - beganAtMs).toBeLessThan(maxWaitMs + 3_000);
    },
  );

  test("is no reason to give up where others get through, or after a time in which nothing was asked", async () => {
    const trial = new Trial({ maxWaitMs });
    await trial.send(0, throttled(50_000));
    void trial.send(0);
    await vi.runAllTimersAsync();
    expect(await trial.send(0, throttled(50_000))).toMatchObject({ failure: { retryable: true } });
    await vi.advanceTimersByTimeAsync(10 * maxWaitMs);
    expect(await trial.send(0, throttled(50_000))).toMatchObject({ failure: { retryable: true } });
  });

  test("has no pace: what it let through was nothing, and one request a minute was made of that", async () => {
    const trial = new Trial({ adaptive: true });
    const requests = Array.from({ length: 3 }, () => trial.send(0, throttled()));
    await vi.advanceTimersByTimeAsync(1);
    await Promise.all(requests);
    void trial.send(0, throttled());
    await vi.runAllTimersAsync();
    expect(trial.starts).toHaveLength(4);
    expect(trial.limiter.rateLimits()).toMatchObject([{ limits: [] }]);
  });
});
