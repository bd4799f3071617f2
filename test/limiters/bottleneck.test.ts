import Bottleneck from "bottleneck";
import { expect, test } from "vitest";
import { createBottleneckLimiter, RequestManager } from "../../src/index.ts";
import type { Attempt } from "../../src/model/attempt.ts";
import { ConfigurationError } from "../../src/model/errors.ts";
import { describeEveryLimiter } from "../contracts/limiter.ts";
import { answered, demandFor, failed, never } from "./attempts.ts";

const reservoir = { reservoir: 10_000, reservoirRefreshAmount: 10_000, reservoirRefreshInterval: 60_000 };

describeEveryLimiter("a Bottleneck", () => createBottleneckLimiter(new Bottleneck({ maxConcurrent: 4 })));
describeEveryLimiter("a Bottleneck with a reservoir", () =>
  createBottleneckLimiter(new Bottleneck({ maxConcurrent: 4, ...reservoir })),
);

const weighTokens = { weigh: ({ inputTokens }: { inputTokens: number }): number => inputTokens };

test("a Bottleneck that other code uses too is shared with it: never more at a time than it allows both", async () => {
  const shared = new Bottleneck({ maxConcurrent: 2 });
  const limiter = createBottleneckLimiter(shared);
  let [running, peak] = [0, 0];
  const work = async (): Promise<Attempt> => {
    running += 1;
    peak = Math.max(peak, running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running -= 1;
    return answered();
  };
  const others = Array.from({ length: 10 }, () => shared.schedule(work));
  await Promise.all([...others, ...Array.from({ length: 10 }, () => limiter.run(demandFor(0), work, never))]);
  expect(peak).toBeLessThanOrEqual(2);
});

test("weights are whole numbers, and one larger than the reservoir takes all of it instead of waiting for ever", async () => {
  const bottleneck = new Bottleneck({ reservoir: 100 });
  const limiter = createBottleneckLimiter(bottleneck, { ...weighTokens, maxWeight: 100 });
  await limiter.run(demandFor(0.4), async () => answered(), never);
  expect(await bottleneck.currentReservoir()).toBe(99);
  await bottleneck.incrementReservoir(1);
  await expect(limiter.run(demandFor(5_000), async () => answered(), never)).resolves.toMatchObject({ ok: true });
  expect(await bottleneck.currentReservoir()).toBe(0);
});

test("what waits before a retry holds no slot", async () => {
  const limiter = createBottleneckLimiter(new Bottleneck({ maxConcurrent: 1 }));
  await limiter.run(demandFor(0), async () => failed("server_error"), never);
  await expect(limiter.run(demandFor(0), async () => answered(), never)).resolves.toMatchObject({ ok: true });
});

test.each([
  ["is stopped", new Bottleneck({ maxConcurrent: 1 }), (bottleneck: Bottleneck) => bottleneck.stop(), 1, "has been stopped"],
  ["can never hold so much", new Bottleneck({ maxConcurrent: 4 }), () => {}, 5, "Impossible to add a job"],
])(
  "a Bottleneck that %s fails requests, with its own words, and does not end the run",
  async (_, bottleneck, spoil, tokens, words) => {
    const limiter = createBottleneckLimiter(bottleneck, weighTokens);
    void spoil(bottleneck);
    const attempt = await limiter.run(demandFor(tokens), async () => answered(), never);
    expect(attempt).toMatchObject({ ok: false, failure: { kind: "cancelled", message: expect.stringContaining(words) } });
    expect(limiter.status()).toMatchObject({ inFlight: 0, waiting: 0 });
  },
);

test("a manager sends by it", async () => {
  const bottleneck = new Bottleneck({ maxConcurrent: 3, ...reservoir });
  const provider = {
    name: "mock",
    endpoint: () => "http://127.0.0.1/v1/chat/completions",
    estimate: () => ({ model: "m", inputTokens: 1, counting: "sum" }) as const,
    send: async () => answered(7),
    close: async () => {},
  };
  const manager = new RequestManager({ provider, limiter: createBottleneckLimiter(bottleneck) });
  const results = await manager.processBatch(Array.from({ length: 20 }, (_, index) => ({ model: "m", prompt: `${index}` })));
  expect(results.map(({ status }) => status)).toEqual(results.map(() => "succeeded"));
  expect(await bottleneck.currentReservoir()).toBe(9_980);
});

test("a maximum weight below 1 would start nothing", () => {
  expect(() => createBottleneckLimiter(new Bottleneck(), { maxWeight: 0 })).toThrow(ConfigurationError);
});
