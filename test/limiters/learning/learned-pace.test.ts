import { describe, expect, test } from "vitest";
import type { RunEvent } from "../../../src/model/event.ts";
import { answered } from "../attempts.ts";
import { EnforcedLimit, SimulatedServer } from "../simulated-server.ts";
import { stopTime } from "../stopped-time.ts";

stopTime();

/** Always the same numbers from 0 to 1, evenly spread. */
function chance(index: number): number {
  return (((index * 48_271 + 12_345) % 2_147_483_647) % 10_007) / 10_007;
}

const sizes = {
  uniform: () => 300,
  "long-tailed": (index: number) => Math.ceil(40 / (0.02 + chance(index))),
  bursty: (index: number) => (index % 60 < 50 ? 70 : 1_500),
};

describe("the pace at a server that rejects and says nothing", () => {
  test.each([
    ["uniform", 100, 20],
    ["uniform", 10, 60],
    ["long-tailed", 10, 60],
    ["bursty", 10, 60],
  ] as const)("keeps to a limit on requests, of sizes that are %s, %i a second", async (kind, perSecond, seconds) => {
    const server = new SimulatedServer({
      requests: new EnforcedLimit(perSecond * 60),
      serve: (index) => answered(sizes[kind](index)),
    });
    const { admitted, rejectedShare } = await server.sendFor(seconds * 1_000);
    expect(admitted).toBeGreaterThan((seconds * perSecond) / 1.3);
    expect(rejectedShare).toBeLessThan(0.06);
  });

  test.each(Object.entries(sizes))("keeps to a limit on tokens, of sizes that are %s", async (_, sizeOf) => {
    const mean = Array.from({ length: 6_000 }, (_unused, index) => sizeOf(index)).reduce((sum, size) => sum + size, 0) / 6_000;
    const server = new SimulatedServer({
      tokens: new EnforcedLimit(1_000_000),
      serve: (index) => answered(sizeOf(index)),
    });
    const { admitted, rejectedShare } = await server.sendFor(60_000);
    expect(admitted * mean).toBeGreaterThan(1_000_000 / 1.3);
    expect(rejectedShare).toBeLessThan(0.06);
  });

  test("follows a limit that is raised, one that is lowered, and an hour in which nothing is sent", async () => {
    const server = new SimulatedServer({ requests: new EnforcedLimit(20 * 60), serve: () => answered(1) });
    await server.sendFor(30_000);
    server.requests = new EnforcedLimit(60 * 60);
    await server.sendFor(60_000);
    expect((await server.sendFor(30_000)).admitted).toBeGreaterThan(30 * 60 * 0.8);
    server.requests = new EnforcedLimit(10 * 60);
    await server.sendFor(20_000);
    const lowered = await server.sendFor(60_000);
    expect(lowered.admitted).toBeGreaterThan(60 * 10 * 0.8);
    expect(lowered.rejectedShare).toBeLessThan(0.1);
    await server.sendFor(3_600_000, 0);
    await server.sendFor(10_000);
    expect((await server.sendFor(30_000)).admitted).toBeGreaterThan(30 * 10 * 0.8);
  });

  test.each([0.05, 1 / 15])("lets rejections be that come by chance, of %d of all requests", async (share) => {
    const server = new SimulatedServer({ rejectsByChance: (index) => chance(index) < share, serve: () => answered(1) });
    await server.sendFor(5_000, 40);
    const { admitted } = await server.sendFor(15_000, 40);
    // Without them 190 a second would be answered; each of them is a pause of 20 ms for all.
    expect(admitted).toBeGreaterThan((15 * 190 * 0.6) / (1 + 190 * share * 0.02));
  });

  test("is not learned from a few that come by chance while the run begins: one in fifteen took eight times as long", async () => {
    const clusters = Array.from({ length: 4 }, (_, begin) => [0, 1, 2, 3].map((offset) => begin * 30 + offset));
    for (const rejected of [[4, 9, 15, 21], ...clusters]) {
      const server = new SimulatedServer({ rejectsByChance: (index) => rejected.includes(index), serve: () => answered(1) });
      await server.sendFor(3_000);
      expect([rejected, server.limiter.rateLimits()[0]?.limits]).toEqual([rejected, []]);
    }
  });

  test("is called out, with what it is on and that rejections taught it", async () => {
    const events: RunEvent[] = [];
    const onEvent = (event: RunEvent): void => void events.push(event);
    const server = new SimulatedServer({ requests: new EnforcedLimit(600), serve: () => answered(1), onEvent });
    await server.sendFor(10_000);
    expect(events.find(({ type }) => type === "limit-learned")).toMatchObject({
      limit: { unit: "requests" },
      source: "refusals",
    });
    expect(server.limiter.rateLimits()).toMatchObject([{ limits: [{ unit: "requests", source: "refusals" }] }]);
  });
});
