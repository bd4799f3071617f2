import { beforeEach, describe, expect, test } from "vitest";
import { LearntPace } from "../../src/limiters/learnt-pace.ts";
import { LimitSet } from "../../src/limiters/limit-set.ts";

const weights = { requests: 1, tokens: 0, "input-tokens": 0, "output-tokens": 0 };
let nowMs = 0;
let limits: LimitSet;
let pace: LearntPace;
let announced: number[] = [];

beforeEach(() => {
  nowMs = 0;
  announced = [];
  limits = new LimitSet();
  pace = new LearntPace({ model: "m", limits, clock: () => nowMs, onLearnt: ({ amount }) => announced.push(amount) });
});

/** A server's bucket of one second. */
class Server {
  level: number;
  readonly perSecond: number;
  constructor(perSecond: number) {
    this.perSecond = perSecond;
    this.level = perSecond;
  }
  pass(ms: number): void {
    this.level = Math.min(this.perSecond, this.level + (ms * this.perSecond) / 1000);
  }
  admits(): boolean {
    if (this.level < 1) return false;
    this.level -= 1;
    return true;
  }
}

interface Tally {
  accepted: number;
  refused: number;
}

/** Sends as fast as the pace allows, every request's fate known at once; a refusal pauses everyone for a second. */
function send(server: Server, ms: number): Tally {
  const tally = { accepted: 0, refused: 0 };
  let pausedUntilMs = 0;
  for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += 1) {
    server.pass(1);
    while (nowMs >= pausedUntilMs) {
      if (pausedUntilMs > 0) pace.endEpisode(false);
      pausedUntilMs = 0;
      pace.update(weights);
      if (limits.hold(weights) !== undefined) break;
      limits.take(weights);
      pace.start(weights);
      if (server.admits()) {
        tally.accepted += 1;
      } else {
        tally.refused += 1;
        pace.refuse(weights);
        pace.beginEpisode();
        pausedUntilMs = nowMs + 1_000;
      }
    }
  }
  return tally;
}

const small = { ...weights, tokens: 100 };
const large = { ...weights, tokens: 1_000 };

/** Requests wait for it the whole time, and the server refuses none of them. */
function useFor(ms: number): void {
  for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += 20) {
    pace.update(small);
    if (limits.hold(small) !== undefined) continue;
    limits.take(small);
    pace.start(small);
  }
}

/** Four episodes, in each of which the large one among four requests is refused; most of the time is spent in pauses. */
function refuseFourTimes(isOverrun: boolean): number {
  for (let refusal = 0; refusal < 4; refusal += 1) {
    for (const size of [small, small, small, large]) pace.start(size);
    pace.refuse(large);
    pace.beginEpisode();
    nowMs += 1_000;
    pace.endEpisode(isOverrun && refusal === 3);
  }
  return limits.status()[0]?.amount ?? 0;
}

describe("a pace learnt from refusals", () => {
  test.each([20, 200])("finds %d requests a second within a quarter of a minute, and keeps to it", (perSecond) => {
    const server = new Server(perSecond);
    send(server, 15_000);
    const { accepted, refused } = send(server, 120_000);
    expect(accepted / (120 * perSecond)).toBeGreaterThan(0.85);
    expect(refused / (accepted + refused)).toBeLessThan(0.03);
  });

  test("follows a limit that was raised, and one that was lowered", () => {
    const server = new Server(20);
    send(server, 30_000);
    const raised = new Server(60);
    send(raised, 90_000);
    expect(send(raised, 30_000).accepted).toBeGreaterThan(30 * 60 * 0.8);
    const lowered = new Server(10);
    send(lowered, 20_000);
    const { accepted, refused } = send(lowered, 60_000);
    expect(accepted).toBeGreaterThan(60 * 10 * 0.8);
    expect(refused).toBeLessThan(accepted * 0.1);
  });

  test("is not learnt from an hour in which nothing was asked for", () => {
    const server = new Server(20);
    send(server, 20_000);
    nowMs += 3_600_000;
    server.pass(3_600_000);
    send(server, 10_000);
    expect(send(server, 30_000).accepted).toBeGreaterThan(30 * 20 * 0.8);
  });

  test("is not there before the first refusal, and is called out when it comes", () => {
    for (let request = 0; request < 1_000; request += 1) pace.start(weights);
    expect(limits.areSet).toBe(false);
    pace.refuse(weights);
    pace.beginEpisode();
    nowMs += 1_000;
    pace.endEpisode(true);
    expect(announced).toHaveLength(1);
    expect(limits.status()).toMatchObject([{ measure: "requests", source: "refusals" }]);
  });

  test("is not learnt from a refusal now and then, which is chance and no limit", () => {
    for (let refusal = 0; refusal < 100; refusal += 1) {
      for (let request = 0; request < 100; request += 1) pace.start(weights);
      pace.refuse(weights);
      pace.beginEpisode();
      nowMs += 50;
      pace.endEpisode(false);
    }
    expect(limits.areSet).toBe(false);
  });

  test("is learnt soon where one request in four is refused, each by itself: that is no chance", () => {
    for (let refusal = 0; refusal < 4; refusal += 1) {
      for (let request = 0; request < 4; request += 1) pace.start(weights);
      pace.refuse(weights);
      pace.beginEpisode();
      nowMs += 1_000;
      expect(limits.areSet).toBe(false);
      pace.endEpisode(false);
    }
    expect(limits.areSet).toBe(true);
  });

  test("that was found between pauses, and so may be far too low, doubles soon", () => {
    const found = refuseFourTimes(false);
    useFor(7_000);
    expect(limits.status()[0]?.amount).toBeGreaterThan(found * 1.8);
  });

  test("that was found when the server was overrun grows slowly", () => {
    const found = refuseFourTimes(true);
    useFor(7_000);
    expect(limits.status()[0]?.amount).toBeLessThan(found * 1.2);
  });

  test("of tokens is found by what was admitted before it was taken for one of requests, which held back most of them", () => {
    const admit = (requests: number, ms: number): void => {
      for (let request = 0; request < requests; request += 1) pace.start(small);
      nowMs += ms;
      pace.refuse(small);
      pace.beginEpisode();
      nowMs += 1_000;
    };
    admit(20, 1_000);
    pace.endEpisode(true);
    expect(limits.status()).toMatchObject([{ measure: "requests" }]);
    admit(2, 300);
    pace.endEpisode(false, "tokens");
    const [limit] = limits.status();
    expect(limit).toMatchObject({ measure: "tokens" });
    expect(limit?.amount).toBeGreaterThan(50_000);
  });

  test.each([15, 30, 60])("does not sink to a trickle when one request in %d is refused by chance, at any pace", (one) => {
    let accepted = 0;
    let until = 0;
    let state = 1;
    for (; nowMs < 300_000; nowMs += 1) {
      if (nowMs < until) continue;
      if (until > 0) pace.endEpisode(false);
      until = 0;
      pace.update(weights);
      if (limits.hold(weights) !== undefined) continue;
      limits.take(weights);
      pace.start(weights);
      state = (state * 48_271) % 2_147_483_647;
      if (state % one > 0) {
        accepted += 1;
        continue;
      }
      pace.refuse(weights);
      pace.beginEpisode();
      until = nowMs + 20;
    }
    // Without a pace it would be about 430 a second with one in 15: every refusal pauses for 20 ms.
    expect(accepted / 300).toBeGreaterThan(200);
  });

  test("is one on tokens where the server says that tokens are what it limits", () => {
    for (let request = 0; request < 200; request += 1) pace.start(large);
    pace.refuse(large);
    pace.beginEpisode();
    nowMs += 1_000;
    pace.endEpisode(true, "tokens");
    expect(limits.status()).toMatchObject([{ measure: "tokens" }]);
    pace.beginEpisode();
    pace.endEpisode(true, "requests");
    expect(limits.status()).toMatchObject([{ measure: "requests" }]);
  });

  test("on tokens is no chance: it is not given up though a cut makes refusals no rarer", () => {
    for (let episode = 0; episode < 20; episode += 1) {
      for (let request = 0; request < 2; request += 1) pace.start(large);
      pace.refuse(large);
      pace.beginEpisode();
      nowMs += 1_000;
      pace.endEpisode(false, "tokens");
      expect(limits.status()).toMatchObject([{ measure: "tokens" }]);
    }
  });

  test("counts what answers used, not what was reserved for them", () => {
    const reserved = { ...weights, tokens: 1_000 };
    for (let request = 0; request < 100; request += 1) {
      pace.start(reserved);
      nowMs += 90;
      pace.settle({ ...weights, requests: 0, tokens: 900 });
    }
    pace.start(reserved);
    pace.refuse(reserved);
    pace.beginEpisode();
    // What is given back in the pause would have flowed in anyway.
    for (let request = 0; request < 50; request += 1) pace.settle({ ...weights, requests: 0, tokens: 900 });
    nowMs += 1_000;
    pace.endEpisode(true, "tokens");
    // 10,000 tokens in 9 s, and the second's worth that the bucket held.
    const [limit] = limits.status();
    expect(limit?.amount).toBeGreaterThan(60_000 * 0.95);
    expect(limit?.amount).toBeLessThan(60_000);
  });

  test("is what a server bore lately, though it was asked for little before", () => {
    for (; nowMs < 20_000; nowMs += 1_000) pace.start(weights);
    for (; nowMs < 30_000; nowMs += 10) pace.start(weights);
    pace.refuse(weights);
    pace.beginEpisode();
    nowMs += 1_000;
    pace.endEpisode(true);
    // 100 a second in the end; of 34 a second on average nothing follows.
    expect(announced[0]).toBeGreaterThan(6_000 * 0.8);
    expect(announced[0]).toBeLessThan(6_000);
  });

  test.each([
    ["a tenth at most where few were refused", false, 0.9],
    ["half at most where many were", true, 0.5],
  ])("is cut by %s", (_, isOverrun, share) => {
    for (let start = 0; start < 100; start += 1) pace.start(weights);
    pace.beginEpisode();
    pace.endEpisode(true);
    nowMs += 5_000;
    pace.beginEpisode();
    pace.endEpisode(isOverrun);
    expect((announced[1] ?? 0) / (announced[0] ?? 1)).toBeCloseTo(share);
  });

  test.each([
    ["if so many are that it is no chance", true, ["tokens"]],
    ["but not by a few", false, []],
  ])("is one on tokens, too, where those that are refused are the large ones, %s", (_, isOverrun, measures) => {
    for (let start = 0; start < 50; start += 1) pace.start({ ...weights, tokens: 50 });
    for (let start = 0; start < 5; start += 1) pace.start({ ...weights, tokens: 1_500 });
    for (let refusal = 0; refusal < 4; refusal += 1) pace.refuse({ ...weights, tokens: 1_500 });
    pace.beginEpisode();
    pace.endEpisode(isOverrun);
    expect(limits.status().map(({ measure }) => measure)).toEqual(measures);
  });
});
