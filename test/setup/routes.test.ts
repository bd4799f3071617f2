import { describe, expect, it } from "vitest";
import type { LoadedProviders, RunEvent } from "../../src/index.ts";
import { serve } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import {
  chatAnswer,
  cutBeforeHeaders,
  delayed,
  errorAnswer,
  rateLimited,
  type Reply,
  type Script,
  type ScriptedServer,
} from "../support/scripted-server.ts";
import { load, requestFor } from "./configuration.ts";

interface Loaded extends LoadedProviders {
  readonly said: readonly string[];
  readonly events: readonly RunEvent[];
}

async function loadObserved(config: object): Promise<Loaded> {
  const said: string[] = [];
  const events: RunEvent[] = [];
  const loaded = await load(config, {
    options: { model: "x", observers: [(event) => events.push(event)] },
    onWarning: (message) => said.push(message),
  });
  return { ...loaded, said, events };
}

function prompts(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `Question ${index}`);
}

function callsWith(key: string, { ledger }: ScriptedServer): number {
  return ledger.filter(({ headers }) => headers["authorization"] === `Bearer ${key}`).length;
}

const good: Script = () => chatAnswer();

/** @param script Gets the key of each call. */
async function pool(
  keys: readonly string[],
  script: (key: string, index: number) => Reply | Promise<Reply>,
  options = {},
): Promise<Loaded & { server: ScriptedServer }> {
  const server = await serve((call) => script(String(call.headers["authorization"]).replace("Bearer ", ""), call.index));
  const house = { base_url: `${server.url}/v1`, api_keys: keys };
  return { ...(await loadObserved({ provider: "house", providers: { house }, ...options })), server };
}

describe("a pool of keys", () => {
  it("sends with the key that has the minimum of requests in flight when one starts", async () => {
    const held = deferred<Reply>();
    const { manager, server } = await pool(["busy", "free"], (key) => (key === "busy" ? held.promise : chatAnswer()), {
      concurrency: 2,
    });
    const done = manager.processBatch(prompts(20));
    await server.until(() => callsWith("free", server) === 19);
    expect(callsWith("busy", server)).toBe(1);
    held.resolve(chatAnswer());
    await done;
    expect(server.ledger).toHaveLength(20);
  });

  it("lets a key rest that is told to, and that key alone: what it was told goes to the other at once", async () => {
    const { manager, server, events, said } = await pool(
      ["spent", "good"],
      (key) => (key === "spent" ? rateLimited("3600") : chatAnswer()),
      { concurrency: 4 },
    );
    const results = await manager.processBatch(prompts(40));
    expect(results.filter(({ status }) => status === "failed")).toEqual([]);
    expect(callsWith("good", server)).toBe(40);
    expect(callsWith("spent", server)).toBeLessThanOrEqual(4); // those that had started by then
    const pauses = events.filter((event) => event.type === "pause");
    expect(pauses.map(({ provider }) => provider)).toEqual(["house, key 1"]);
    expect(said).toEqual([]);
  });

  it("gives up a key that is refused, once for all, and says so in one sentence", async () => {
    const { manager, server, said } = await pool(
      ["bad", "good", "better"],
      (key) => (key === "bad" ? errorAnswer(401, { message: "Incorrect API key provided: bad" }) : chatAnswer()),
      { concurrency: 4 },
    );
    const results = await manager.processBatch(prompts(60));
    expect(results.filter(({ status: ended }) => ended === "failed")).toEqual([]);
    expect(callsWith("bad", server)).toBeLessThanOrEqual(4);
    expect(said).toEqual([expect.stringMatching(/^house, key 1 is refused and used no more; 2 left \(HTTP 401: /)]);
  });

  it("asks a key no more for a model that it may not use, loses no line for it, and says so in one sentence", async () => {
    const { manager, server, events } = await pool(
      ["narrow", "wide"],
      (key) => (key === "narrow" ? errorAnswer(403, { message: "Not for you" }) : chatAnswer()),
      { concurrency: 4 },
    );
    const results = await manager.processBatch(prompts(60));
    expect(results.filter(({ status: ended }) => ended === "failed")).toEqual([]);
    expect(callsWith("narrow", server)).toBeLessThanOrEqual(3 + 3); // those that had started when the third failed
    expect(events.filter((event) => event.type === "warning").map(({ message }) => message)).toEqual([
      expect.stringMatching(/^house, key 1 gets no more requests for ".+": 3 in a row failed alike \(HTTP 403: Not for you\)$/),
    ]);
  });

  it("keeps a key that one dear request was too much for", async () => {
    let asked = 0;
    const { manager, server, said } = await pool(["poor", "rich"], (key) => {
      asked += key === "poor" ? 1 : 0;
      return key === "poor" && asked === 3 ? errorAnswer(402) : delayed(2, chatAnswer());
    });
    const results = await manager.processBatch(prompts(100));
    expect(results.filter(({ status }) => status === "failed")).toEqual([]);
    expect(callsWith("poor", server)).toBeGreaterThan(20);
    expect(said).toEqual([]);
  });

  it("finishes with the other when one is revoked in mid-run, and repeats only what that one was asked", async () => {
    const { manager, server, said } = await pool(["revoked", "good"], (key, index) =>
      key === "revoked" && index >= 20 ? errorAnswer(401, { code: "invalid_api_key" }) : delayed(2, chatAnswer()),
    );
    const results = await manager.processBatch(prompts(100));
    expect(results.filter(({ status }) => status === "failed")).toEqual([]);
    expect(callsWith("revoked", server)).toBeGreaterThan(5);
    expect(server.ledger.length).toBeLessThanOrEqual(100 + 32);
    expect(said).toHaveLength(1);
  });
});

describe("a route", () => {
  interface Route {
    readonly strategy?: string;
    readonly a: Script;
    readonly b: Script;
    readonly weights?: readonly [number, number];
    readonly options?: object;
  }

  async function route({
    strategy = "order",
    a,
    b,
    weights = [1, 1],
    options = {},
  }: Route): Promise<Loaded & { first: ScriptedServer; second: ScriptedServer }> {
    const [first, second] = [await serve(a), await serve(b)];
    const to = [
      { provider: "a", weight: weights[0] },
      { provider: "b", weight: weights[1] },
    ];
    const providers = { a: { base_url: `${first.url}/v1` }, b: { base_url: `${second.url}/v1` } };
    const prices = { "a/x": { input: 2, output: 2 }, "b/x": { input: 1, output: 1 } };
    const loaded = await loadObserved({ providers, routes: { x: { strategy, to } }, prices, ...options });
    return { ...loaded, first, second };
  }

  it.each([
    ["order", 20, 0],
    ["cheapest", 0, 20],
  ])("by %s sends everything to the one that comes first while it is well", async (strategy, toFirst, toSecond) => {
    const { manager, first, second } = await route({ strategy, a: good, b: good });
    await manager.processBatch(prompts(20));
    expect([first.ledger.length, second.ledger.length]).toEqual([toFirst, toSecond]);
  });

  it("by cheapest knows list prices, by the address of each provider, under those of the user", async () => {
    const providers = {
      a: { base_url: "https://api.openai.com/v1", api_keys: ["k"], models: { x: "gpt-5.4" } },
      b: { base_url: "https://api.deepseek.com/v1", api_keys: ["k"], models: { x: "deepseek-chat" } },
    };
    const to = [{ provider: "a" }, { provider: "b" }];
    const firstOf = async (prices: object): Promise<unknown> => {
      const { provider } = await load({ providers, routes: { x: { strategy: "cheapest", to } }, prices });
      const candidates = provider.route?.(requestFor("x"), new Set()).candidates ?? [];
      return candidates.find(({ rank }) => rank === 0)?.target.name;
    };
    expect(await firstOf({})).toBe("b");
    expect(await firstOf({ "a/x": { input: 0.001, output: 0.001 } })).toBe("a");
  });

  it.each([
    ["least-loaded", [1, 1], 4, 4],
    ["weighted", [3, 1], 6, 2],
  ] as const)("by %s shares what is in flight", async (strategy, weights, atFirst, atSecond) => {
    const held = deferred<Reply>();
    const options = { concurrency: 8, adaptive: false };
    const script: Script = ({ index }) => (index < 8 ? held.promise : chatAnswer());
    const { manager, first, second } = await route({ strategy, weights, options, a: script, b: script });
    const done = manager.processBatch(prompts(8));
    await Promise.all([first.until(() => first.inFlight === atFirst), second.until(() => second.inFlight === atSecond)]);
    held.resolve(chatAnswer());
    await done;
    expect([first.peakInFlight, second.peakInFlight]).toEqual([atFirst, atSecond]);
  });

  it("by least-loaded sends to the provider that answers first", async () => {
    const held = deferred<Reply>();
    const { manager, first, second } = await route({
      strategy: "least-loaded",
      options: { concurrency: 2 },
      a: () => held.promise,
      b: good,
    });
    const done = manager.processBatch(prompts(20));
    await second.until(() => second.ledger.length === 19);
    expect(first.ledger).toHaveLength(1);
    held.resolve(chatAnswer());
    await done;
  });

  it("goes on to the second at once, whatever the first says of when to come back", async () => {
    const { manager, first, second, events } = await route({ a: () => errorAnswer(500, {}, { "retry-after": "3600" }), b: good });
    await expect(manager.complete("Hello")).resolves.toMatchObject({ text: "Hello!" });
    expect([first.ledger.length, second.ledger.length]).toEqual([1, 1]);
    expect(events.filter((event) => event.type === "retry-wait").map(({ waitMs }) => waitMs)).toEqual([0]);
  });

  it.each([
    ["answers with errors only", () => delayed(5, errorAnswer(500))],
    ["fails in both ways", ({ index }) => (index % 2 === 0 ? errorAnswer(500) : cutBeforeHeaders())],
  ] satisfies [string, Script][])("whose first %s finishes on the second, at the cost of a try now and then", async (_, a) => {
    const { manager, first, second } = await route({ a, b: good });
    const results = await manager.processBatch(prompts(300));
    expect(results.filter(({ status }) => status === "failed")).toEqual([]);
    expect(second.ledger).toHaveLength(300);
    expect(first.ledger.length).toBeLessThanOrEqual(40);
  });

  it("uses the first again when it is back", async () => {
    let isDown = true;
    const { manager, first, second, events } = await route({
      a: () => (isDown ? cutBeforeHeaders() : chatAnswer()),
      b: good,
      options: { retry_delay: 0.01, max_retry_delay: 0.05 },
    });
    await manager.processBatch(prompts(100));
    expect(second.ledger).toHaveLength(100);
    isDown = false;
    const isBack = (): boolean => events.some((event) => event.type === "circuit" && event.state === "closed");
    for (let asked = 0; !isBack(); asked += 1) await manager.complete(`Are you back? ${asked}`);
    const before = [first.ledger.length, second.ledger.length];
    await manager.processBatch(prompts(20));
    expect([first.ledger.length - (before[0] ?? 0), second.ledger.length - (before[1] ?? 0)]).toEqual([20, 0]);
  });
});
