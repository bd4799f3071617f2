import { describe, expect, it } from "vitest";
import { createMemoryCache, createProvider, RequestManager, TokenStats } from "../../src/index.ts";
import { closing, serve } from "../support/closing.ts";
import { chatAnswer } from "../support/scripted-server.ts";
import { serveManagers } from "./managers.ts";
import { prompts, repeat } from "./prompts.ts";

describe("statistics of a manager", () => {
  it("row 74: count prompt, completion and total tokens, completed requests and cache hits, from a start on", async () => {
    const { createManager } = await serveManagers(repeat);
    const manager = createManager({ cache: createMemoryCache() });
    const before = new Date();
    await manager.processBatch(["one", "two", "three"]);
    await manager.processBatch(["one"]);
    const { stats } = manager;
    expect(stats).toMatchObject({ promptTokens: 30, completionTokens: 15, totalTokens: 45, requestsCompleted: 4, cacheHits: 1 });
    expect(stats.startTime.getTime()).toBeGreaterThanOrEqual(before.getTime());
  });

  it("row 75: tell rates of prompt and completion tokens, the share of cache hits, and how much of the limits is used", async () => {
    const { createManager } = await serveManagers(repeat);
    const manager = createManager({ cache: createMemoryCache(), requestsPerMinute: 1_200, tokensPerMinute: 10_000_000 });
    await manager.processBatch([...prompts(10)]);
    await manager.processBatch([...prompts(10)]);
    const { stats } = manager;
    expect(stats.cacheHitRatio).toBe(0.5);
    expect(stats.promptTokensPerSecond).toBeGreaterThan(0);
    expect(stats.completionTokensPerSecond / stats.promptTokensPerSecond).toBeCloseTo(0.5, 2);
    expect(stats.requestSaturation).toBeGreaterThan(0);
    expect(stats.requestSaturation).toBeLessThanOrEqual(1);
    expect(stats.tokenSaturation).toBeGreaterThan(0);
    expect(stats.tokenSaturation).toBeLessThan(0.1);
    stats.end();
    const ended = stats.requestSaturation;
    manager.resetRateLimit();
    expect(stats.requestSaturation).toBe(ended);
  });

  it("use none of their limits where there are none", async () => {
    const { createManager } = await serveManagers(repeat);
    const manager = createManager();
    await manager.processBatch(["one"]);
    expect(manager.stats).toMatchObject({ requestSaturation: 0, tokenSaturation: 0 });
  });

  it("know the use of limits in statistics of one's own, too, once they are told where to read it", async () => {
    const { createManager } = await serveManagers(repeat);
    const stats = new TokenStats();
    const manager = createManager({ observers: [stats.observe], requestsPerMinute: 600 });
    stats.watchLimits(() => manager.rateLimitStatus());
    await manager.processBatch([...prompts(3)]);
    expect(stats.requestSaturation).toBeGreaterThan(0);
    expect(stats.diff(stats)).toMatchObject({ requestsCompleted: 0, promptTokens: 0 });
  });

  it("say by model and by provider who was asked what", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const provider = createProvider("openai", { apiKey: "key", baseUrl: `${server.url}/v1` });
    const manager = closing(new RequestManager({ provider, model: "small" }));
    await manager.processBatch(["one", "two", { model: "large", messages: [{ role: "user", content: "three" }] }]);
    expect(manager.stats.byModel.get("small")).toMatchObject({ requestsCompleted: 2, attempts: 2 });
    expect(manager.stats.toJSON()).toMatchObject({
      by_model: { small: { prompt_tokens: 20 }, large: { prompt_tokens: 10 } },
      by_provider: { [provider.name]: { prompt_tokens: 30 } },
    });
  });
});
