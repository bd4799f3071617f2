import { describe, expect, it } from "vitest";
import { createMemoryCache, createProvider, openPrices, RequestManager, type RequestManagerOptions } from "../../../src/index.ts";
import { closing, serve } from "../../support/closing.ts";
import { chatAnswer, errorAnswer, type Script } from "../../support/scripted-server.ts";

/** Ten tokens in and five out cost 0.1 US dollars, so that two of them are 0.2 only where sums are exact. */
const price = { input: 5000, output: 10_000 };

async function managerOf(script: Script, options: Partial<RequestManagerOptions> = {}): Promise<RequestManager> {
  const server = await serve(script);
  const provider = createProvider("openai", { apiKey: "k", baseUrl: `${server.url}/v1` });
  const prices = await openPrices({ prices: { m: price }, listPrices: false });
  return closing(new RequestManager({ provider, prices, model: "m", retry: { retryDelayMs: 1 }, ...options }));
}

describe("what a request cost", () => {
  it("is the sum of all its attempts, exactly", async () => {
    const manager = await managerOf(({ index }) => (index < 2 ? chatAnswer("") : chatAnswer("Hi")), { retryEmpty: true });
    const { result } = await manager.complete("Hello");
    expect(result).toMatchObject({ attempts: 3, costUsd: 0.3 });
    expect(manager.stats).toMatchObject({ costUsd: 0.3, pricedRequests: 3, costByModel: { m: 0.3 } });
  });

  it("is 0 where nothing was used, null where one attempt has no price, and what the server reports where it does", async () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    const manager = await managerOf(({ body }) => {
      if (body.includes("bad")) return errorAnswer(400);
      return body.includes("reported") ? chatAnswer("Hi", { usage: { ...usage, cost: 0.7 } }) : chatAnswer("Hi");
    });
    const requests = ["bad", { prompt: "Hello", model: "unknown" }, { prompt: "reported", model: "unknown" }];
    const results = await manager.processBatch(requests);
    expect(results.map(({ costUsd }) => costUsd)).toEqual([0, null, 0.7]);
    expect(manager.stats).toMatchObject({ costUsd: 0.7, costReportedUsd: 0.7, pricedRequests: 1, unpricedRequests: 1 });
  });

  it("is saved where the cache knows the answer, also what the server reported", async () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cost: 0.7 };
    const script: Script = ({ body }) => (body.includes("reported") ? chatAnswer("Hi", { usage }) : chatAnswer("Hi"));
    const manager = await managerOf(script, { cache: createMemoryCache() });
    const requests = ["Hello", "reported", { prompt: "Hello", model: "unknown" }];
    await manager.processBatch(requests);
    const results = await manager.processBatch(requests);
    expect(results.map(({ costUsd, savedUsd }) => [costUsd, savedUsd])).toEqual([
      [0, 0.1],
      [0, 0.7],
      [0, null],
    ]);
    expect(manager.stats).toMatchObject({ costUsd: 0.8, costSavedUsd: 0.8 });
  });

  it("is known of streams, too", async () => {
    const manager = await managerOf(() => chatAnswer("Hi"));
    await manager.stream("Hello").text();
    expect(manager.stats.costUsd).toBe(0.1);
  });
});
