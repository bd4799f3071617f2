import { getEventListeners } from "node:events";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Attempt } from "../../src/model/attempt.ts";
import type { FailureKind } from "../../src/model/failure.ts";
import { Retries, RetryQuota, type RetryWait } from "../../src/retry/retry.ts";
import { answered, failed } from "../limiters/attempts.ts";
import { askWith, defaults, Trial } from "./trial.ts";

describe("retries", () => {
  test("an answer is returned as it is, after one attempt and no wait", async () => {
    const trial = new Trial();
    const answer = answered(7);
    await expect(trial.run([answer])).resolves.toEqual({ attempt: answer, attempts: 1 });
    expect(trial.waits).toEqual([]);
  });

  test("a failure that asking again cannot help is returned at once, unchanged", async () => {
    const failure = failed("invalid_request", { retryable: false });
    const trial = new Trial();
    const outcome = await trial.run([failure]);
    expect(outcome.attempt).toBe(failure);
    expect(outcome.attempts).toBe(1);
  });

  test("a failure of the passing kind is asked again, each wait up to twice as long", async () => {
    const trial = new Trial();
    const outcome = await trial.run([failed("network"), failed("timeout"), failed("server_error"), answered()]);
    expect(outcome).toMatchObject({ attempt: { ok: true }, attempts: 4 });
    expect(trial.waits).toMatchObject([
      { attempt: 1, waitMs: 500, failure: { kind: "network" } },
      { attempt: 2, waitMs: 1_000, failure: { kind: "timeout" } },
      { attempt: 3, waitMs: 2_000, failure: { kind: "server_error" } },
    ]);
  });

  test("when all retries are used up the last failure is returned, and says after how many attempts", async () => {
    const answer = { statusCode: 500, requestId: "req_1", body: "{}" };
    const last = { ...failed("server_error", { statusCode: 500 }), response: answer };
    const outcome = await new Trial().run([failed("network"), last], { maxRetries: 2 });
    expect(outcome).toMatchObject({
      attempts: 3,
      attempt: { failure: { kind: "server_error", statusCode: 500 }, response: answer },
    });
    expect(outcome).toMatchObject({ attempt: { failure: { message: "It was a server_error. (after 3 attempts)" } } });
  });

  test("without retries a failure stays as it was", async () => {
    const outcome = await new Trial().run([failed("network")], { maxRetries: 0 });
    expect(outcome).toMatchObject({ attempts: 1, attempt: { failure: { message: "It was a network." } } });
  });

  test.each(["server_error", "rate_limit"] as const)("a Retry-After of a %s is a minimum, kept in full", async (kind) => {
    const trial = new Trial();
    trial.random = 0;
    await trial.run([failed(kind, { retryAfterMs: 90_000 }), answered()]);
    expect(trial.waitsMs).toEqual([90_000]);
  });

  test("a Retry-After of an hour is kept after a failure that is no throttling", async () => {
    const trial = new Trial();
    await trial.run([failed("server_error", { retryAfterMs: 3_600_000 }), answered()], { maxWaitMs: 1_000 });
    expect(trial.waitsMs).toEqual([3_600_000]);
  });

  test("what can go elsewhere goes at once, which spends what a retry does, and waits when it has been everywhere", async () => {
    const elsewhere = { canGoElsewhere: true } as const;
    const throttled = new Trial();
    await throttled.run([
      failed("rate_limit", { retryAfterMs: 30_000, ...elsewhere }),
      failed("rate_limit", { retryAfterMs: 5_000 }),
      answered(),
    ]);
    expect(throttled.waitsMs.map(Math.floor)).toEqual([0, 5_250]);
    const broken = new Trial();
    const outcome = await broken.run([failed("server_error", elsewhere), failed("server_error")], { maxRetries: 2 });
    expect(broken.waitsMs).toEqual([0, 1_000]);
    expect(outcome.attempts).toBe(3);
  });

  test("a backoff longer than Retry-After counts", async () => {
    const trial = new Trial();
    await trial.run([failed("server_error", { retryAfterMs: 100 }), answered()]);
    expect(trial.waitsMs).toEqual([500]);
  });

  test("requests throttled together come back a little apart: up to a tenth later, at most a second", async () => {
    const trial = new Trial();
    trial.random = 1;
    await trial.run([failed("rate_limit", { retryAfterMs: 2_000 }), failed("overloaded", { retryAfterMs: 60_000 }), answered()]);
    expect(trial.waitsMs).toEqual([2_200, 61_000]);
  });

  test("what the limiter holds back goes back to it at once, for as long as a request may be throttled", async () => {
    const trial = new Trial();
    const heldBack = failed("rate_limit", { retryAfterMs: 90_000, isHeldBack: true });
    await trial.run([heldBack, failed("rate_limit", { retryAfterMs: 5_000 }), answered()], { maxWaitMs: 60_000 });
    expect(trial.waitsMs.map(Math.floor)).toEqual([0, 5_250]);
  });

  test("a shortage of file descriptors spends no retry: lines failed for it", async () => {
    const trial = new Trial();
    const short = failed("network", { isLocal: true });
    const { attempt } = await trial.run([short, short, short, answered()], { maxRetries: 0 });
    expect(attempt.ok).toBe(true);
    expect(trial.waitsMs).toEqual([500, 1_000, 2_000]);
  });

  test("being throttled spends no retry, however often", async () => {
    const storm = Array.from({ length: 200 }, () => failed("rate_limit", { retryAfterMs: 1_000 }));
    const outcome = await new Trial().run([...storm, failed("network"), answered()], { maxRetries: 1 });
    expect(outcome).toMatchObject({ attempts: 202, attempt: { ok: true } });
  });

  test("a server that throttles without saying for how long is backed off from, by the number of times", async () => {
    const trial = new Trial();
    const throttlings = [failed("rate_limit"), failed("overloaded"), failed("rate_limit", { retryAfterMs: 0 })];
    await trial.run([failed("network"), ...throttlings, answered()]);
    expect(trial.waitsMs).toEqual([500, 500, 1_000, 2_000]);
  });

  test("a request that would be throttled for longer than --max-wait fails now, and says which option that is", async () => {
    const trial = new Trial();
    const outcome = await trial.run([failed("rate_limit", { retryAfterMs: 10_000 })], { maxWaitMs: 25_000 });
    expect(outcome).toMatchObject({ attempts: 3, attempt: { failure: { kind: "rate_limit" } } });
    expect(trial.nowMs).toBeLessThan(25_000);
    expect(outcome.attempt).toMatchObject({ failure: { message: expect.stringMatching(/21 s.*10 s.*--max-wait.*25 s/) } });
  });

  test("a wait that ends just when --max-wait does is waited", async () => {
    const outcome = await new Trial().run([failed("overloaded", { retryAfterMs: 30_000 }), answered()], { maxWaitMs: 30_000 });
    expect(outcome).toMatchObject({ attempts: 2, attempt: { ok: true } });
  });

  test("the time before the first throttling does not count", async () => {
    const trial = new Trial();
    const slow = failed("server_error", { retryAfterMs: 100_000 });
    const outcome = await trial.run([slow, failed("rate_limit", { retryAfterMs: 9_000 }), answered()], { maxWaitMs: 10_000 });
    expect(outcome).toMatchObject({ attempts: 3, attempt: { ok: true } });
  });

  test("an abort while it waits is a cancelled failure that still tells what had gone wrong", async () => {
    const trial = new Trial();
    const outcome = trial.run([failed("overloaded", { message: "Too many cooks." })]);
    trial.stop.abort();
    await expect(outcome).resolves.toMatchObject({
      attempts: 1,
      attempt: {
        ok: false,
        failure: { kind: "cancelled", retryable: false, message: expect.stringContaining("Too many cooks.") },
      },
    });
  });

  test("whatever happens, retries and time are spent as allowed, and no Retry-After is cut short", async () => {
    const kinds = ["network", "server_error", "rate_limit", "overloaded"] as const satisfies readonly FailureKind[];
    const failure = fc.record({ kind: fc.constantFrom(...kinds), retryAfterMs: fc.option(fc.integer({ min: 0, max: 400_000 })) });
    const policies = fc.record({ maxRetries: fc.nat(4), maxWaitMs: fc.nat(1_000_000) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(failure, { maxLength: 40 }),
        policies,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (sequence, policy, chance) => {
          const trial = new Trial();
          trial.random = chance;
          const failures = sequence.map(({ kind, retryAfterMs }) => failed(kind, retryAfterMs === null ? {} : { retryAfterMs }));
          const { attempts, attempt } = await trial.run([...failures, answered()], policy);

          const before = failures.slice(0, attempts - 1);
          const isThrottled = ({ failure: { kind } }: (typeof failures)[number]): boolean =>
            kind === "rate_limit" || kind === "overloaded";
          expect(before.filter((each) => !isThrottled(each)).length).toBeLessThanOrEqual(policy.maxRetries);
          expect(attempt.ok).toBe(attempts === failures.length + 1);
          for (const [
            index,
            {
              failure: { retryAfterMs = 0 },
            },
          ] of before.entries())
            expect(trial.waitsMs[index]).toBeGreaterThanOrEqual(retryAfterMs);
          const firstThrottled = before.findIndex(isThrottled);
          const lastThrottled = before.findLastIndex(isThrottled);
          const waitedMs = (trial.askedAtMs[lastThrottled + 1] ?? 0) - (trial.askedAtMs[firstThrottled] ?? 0);
          expect(firstThrottled === -1 ? 0 : waitedMs).toBeLessThanOrEqual(policy.maxWaitMs + 1_000);
        },
      ),
    );
  });
});

test("what was forgotten is spent no more: a request whose limit has opened begins anew", () => {
  const retries = new Retries({ policy: { ...defaults, maxRetries: 1 }, quota: new RetryQuota() });
  const twice = (): unknown[] => [retries.failed(failed("server_error")), retries.failed(failed("server_error"))];
  const anew = [{ attempt: 1 }, { ok: false, failure: { message: expect.stringContaining("after 2 attempts") } }];
  expect(twice()).toMatchObject(anew);
  retries.forget();
  expect(twice()).toMatchObject(anew);
});

test("while no request gets through, trying costs time and no retries", async () => {
  const outage = { forMs: 1_000, wasReached: true };
  const failures = Array.from({ length: 20 }, () => failed("network", { outage }));
  const trial = new Trial();
  await expect(trial.run([...failures, answered()])).resolves.toMatchObject({ attempt: { ok: true }, attempts: 21 });
});

test("a storm of 429s on a real clock: no request comes back early, and all are answered in the end", async () => {
  const { signal } = new AbortController();
  const earlyMs: number[] = [];
  const one = async (index: number): Promise<number> => {
    let mayReturnAtMs = 0;
    const ask = async (attempt: number): Promise<Attempt> => {
      earlyMs.push(mayReturnAtMs - performance.now());
      if (attempt === 4) return answered();
      const retryAfterMs = 10 + (index % 30);
      mayReturnAtMs = performance.now() + retryAfterMs;
      return failed("rate_limit", { retryAfterMs });
    };
    const rules = { policy: { ...defaults, maxRetries: 0 }, quota: new RetryQuota() };
    return (await askWith(new Retries(rules), ask, signal)).attempts;
  };
  const attempts = await Promise.all(Array.from({ length: 2_000 }, (_, index) => one(index)));
  expect(attempts.every((count) => count === 4)).toBe(true);
  expect(Math.max(...earlyMs)).toBeLessThanOrEqual(0);
});

test("thousands who wait for an hour leave at once when the run is stopped, with one listener between them", async () => {
  const stop = new AbortController();
  const throttling = failed("overloaded", { retryAfterMs: 3_600_000 });
  const throttle = async (): Promise<Attempt> => throttling;
  const waits: RetryWait[] = [];
  const rules = { policy: { ...defaults, maxWaitMs: Infinity }, quota: new RetryQuota() };
  const outcomes = Promise.all(
    Array.from({ length: 2_000 }, () => askWith(new Retries(rules), throttle, stop.signal, (wait) => waits.push(wait))),
  );
  await expect.poll(() => waits.length, { interval: 2 }).toBe(2_000);
  expect(getEventListeners(stop.signal, "abort")).toHaveLength(1);
  stop.abort();
  for (const { attempt } of await outcomes) expect(attempt).toMatchObject({ ok: false, failure: { kind: "cancelled" } });
  expect(getEventListeners(stop.signal, "abort")).toHaveLength(0);
});
