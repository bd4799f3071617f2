import { describe, expect, test } from "vitest";
import type { LimitScope, ScopedLimit, SharedLease, SharedLimits, SharedTarget, Taken } from "../../src/limiters/limiters.ts";
import { noWeights, type RateLimit, type Weights } from "../../src/model/rate-limit.ts";

export const scope: Required<LimitScope> = { account: "api.example.com/v1#0123456789abcdef", model: "m" };
export const one: Weights = { ...noWeights, requests: 1 };
const dayMs = 86_400_000;
/** Nothing comes back of it during a test. */
export const quota: RateLimit = { unit: "requests", amount: 10, periodMs: dayMs };

export interface Opened {
  readonly target: SharedTarget;
  readonly pauses: { readonly pauseMs: number; readonly reason: string }[];
  readonly learned: RateLimit[];
}

/** A target of one process, once it is reachable, and what it hears of others. */
export async function opened(limits: SharedLimits, set: readonly ScopedLimit[] = [], of = scope): Promise<Opened> {
  const pauses: Opened["pauses"] = [];
  const learned: RateLimit[] = [];
  const target = limits.open(of, set, {
    onChange: () => {},
    onPause: (pauseMs, reason) => void pauses.push({ pauseMs, reason }),
    onLearned: (limit) => void learned.push(limit),
  });
  await expect.poll(() => target.isReachable, { interval: 2 }).toBe(true);
  return { target, pauses, learned };
}

/** @throws Error when there is none. */
export function leaseOf(taken: Taken): SharedLease {
  if (taken.type !== "lease") throw new Error(`there is no lease: ${JSON.stringify(taken)}`);
  return taken.lease;
}

export function ofAll(...limits: readonly RateLimit[]): ScopedLimit[] {
  return limits.map((limit) => ({ limit, scope: {} }));
}

/**
 * What limits do that several processes keep together.
 *
 * @param make The limits of two processes, which are closed when the test is over.
 */
export function describeSharedLimits(name: string, make: () => Promise<readonly [SharedLimits, SharedLimits]>): void {
  describe(`shared limits contract: ${name}`, () => {
    test("what one process takes, the other cannot, and nothing is taken of what does not fit", async () => {
      const [first, second] = await make();
      const { target: a } = await opened(first, ofAll(quota));
      const { target: b } = await opened(second, ofAll(quota));
      leaseOf(await a.take({ ...one, requests: 7 }));
      for (let time = 0; time < 3; time += 1)
        expect(await b.take({ ...one, requests: 4 })).toMatchObject({ type: "rejected", unit: "requests" });
      leaseOf(await b.take({ ...one, requests: 3 }));
      expect(b.limits).toMatchObject([{ unit: "requests", amount: 10, source: "configured", available: 0, isCommon: true }]);
    });

    test("requests and tokens are taken together or not at all", async () => {
      const [first] = await make();
      const { target } = await opened(first, ofAll(quota, { unit: "tokens", amount: 1_000, periodMs: dayMs }));
      expect(leaseOf(await target.take({ ...one, tokens: 600 })).startsInMs).toBe(0);
      expect(await target.take({ ...one, tokens: 600 })).toMatchObject({ type: "rejected", unit: "tokens" });
      expect(target.limits.map(({ available }) => available)).toEqual([9, 400]);
      leaseOf(await target.take({ ...one, tokens: 400 }));
    });

    test("who asks first comes first: a small request does not pass a large one that waits", async () => {
      const [first, second] = await make();
      const paced = ofAll({ unit: "tokens", amount: 60_000, periodMs: 60_000 });
      const { target: a } = await opened(first, paced);
      const { target: b } = await opened(second, paced);
      leaseOf(await a.take({ ...one, tokens: 740 }));
      const large = leaseOf(await a.take({ ...one, tokens: 8_000 }));
      expect(large.startsInMs).toBeGreaterThan(500);
      expect(await b.take({ ...one, tokens: 1 })).toMatchObject({ type: "rejected", unit: "tokens" });
    });

    test("what was not used is given back, and what was used beyond is taken", async () => {
      const [first, second] = await make();
      const tokens = ofAll({ unit: "tokens", amount: 100, periodMs: dayMs });
      const { target: a } = await opened(first, tokens);
      const { target: b } = await opened(second, tokens);
      const left = async (): Promise<number | undefined> => {
        await b.take({ ...one, tokens: 1_000 });
        return b.limits[0]?.available;
      };
      const lease = leaseOf(await a.take({ ...one, requests: 2, tokens: 100 }));
      expect(await left()).toBe(0);
      a.report(lease, { ...one, tokens: 50 });
      await expect.poll(left).toBe(50);
      a.settle({ ...noWeights, tokens: 30 }, 5);
      a.settle({ ...noWeights, tokens: -10 }, 5);
      await expect.poll(left).toBe(70);
    });

    test("a pause is everyone's, is not shortened, and is told with its reason", async () => {
      const [first, second] = await make();
      const { target: a } = await opened(first, ofAll(quota));
      const b = await opened(second, ofAll(quota));
      a.pause(60_000, "slow down");
      await expect.poll(() => b.target.pauseMs).toBeGreaterThan(50_000);
      expect(b.pauses).toMatchObject([{ reason: "slow down" }]);
      b.target.pause(1_000, "less");
      expect(b.target.pauseMs).toBeGreaterThan(50_000);
      expect(await b.target.take(one)).toEqual({ type: "changed" });
      const { target: late } = await opened(second);
      expect(late.pauseMs).toBeGreaterThan(50_000);
      expect(late.pauseReason).toBe("slow down");
      const { target: other } = await opened(second, [], { ...scope, model: "another" });
      expect(other.pauseMs).toBe(0);
    });

    test("a limit that one process is told is everyone's, and begins empty", async () => {
      const [first, second] = await make();
      const { target: a } = await opened(first);
      const b = await opened(second);
      a.learn({ unit: "requests", amount: 60, periodMs: 60_000, model: "m" }, "headers");
      await expect.poll(() => b.target.limits).toMatchObject([{ unit: "requests", amount: 60, source: "headers" }]);
      expect(b.learned).toMatchObject([{ unit: "requests", amount: 60, periodMs: 60_000, model: "m" }]);
      const lease = leaseOf(await b.target.take(one));
      expect(lease.startsInMs).toBeGreaterThan(500);
      expect(lease.unit).toBe("requests");
      // Who knew less is told before it takes anything.
      a.learn({ unit: "requests", amount: 90, periodMs: 60_000, model: "m" }, "errors");
      await expect.poll(() => b.target.limits).toMatchObject([{ amount: 90, source: "errors" }]);
    });

    test("a limit counts the requests of its scope", async () => {
      const [first, second] = await make();
      const ofAccount = { limit: { ...quota, amount: 4 }, scope: { account: scope.account } };
      const ofModel = { limit: { ...quota, amount: 3, model: "m" }, scope };
      const { target: m } = await opened(first, [ofAccount, ofModel]);
      const { target: n } = await opened(second, [ofAccount], { ...scope, model: "n" });
      leaseOf(await m.take({ ...one, requests: 3 }));
      expect(await m.take(one)).toMatchObject({ type: "rejected" });
      leaseOf(await n.take(one));
      expect(await n.take(one)).toMatchObject({ type: "rejected" });
      const others = [{ ...ofAccount, scope: { account: "another" } }];
      const { target: elsewhere } = await opened(second, others, { account: "another", model: "m" });
      leaseOf(await elsewhere.take({ ...one, requests: 4 }));
    });
  });
}
