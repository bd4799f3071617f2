import { describe, expect, it } from "vitest";
import { createMemoryCache, createProvider, type Provider, RequestManager, type RequestManagerOptions } from "../../src/index.ts";
import { closing, serve } from "../support/closing.ts";
import { answerOf, prompts, repeat } from "./prompts.ts";

/** What a provider answers, and what is left of that when the run is over. */
function watch(inner: Provider): { readonly provider: Provider; readonly bodies: () => string[] } {
  const attempts: Awaited<ReturnType<Provider["send"]>>[] = [];
  const provider: Provider = {
    name: inner.name,
    endpoint: (request) => inner.endpoint(request),
    estimate: (request) => inner.estimate(request),
    send: async (request, options) => {
      const attempt = await inner.send(request, options);
      attempts.push(attempt);
      return attempt;
    },
    close: () => inner.close(),
  };
  return { provider, bodies: () => attempts.flatMap(({ answer }) => answer?.body ?? []) };
}

describe("an answer whose result is made", () => {
  it.each<[string, Partial<RequestManagerOptions>]>([
    ["without a cache", {}],
    ["with a cache", { cache: createMemoryCache() }],
    ["asked anew", { cache: createMemoryCache(), refresh: true }],
    ["shared by identical requests", { cache: createMemoryCache(), dedupe: true }],
  ])("is in its result and the cache, and not in the attempt that it came with: %s", async (_, options) => {
    const server = await serve(repeat);
    const { provider, bodies } = watch(createProvider("openai", { baseUrl: `${server.url}/v1`, apiKey: "sk-library" }));
    const manager = closing(new RequestManager({ provider, model: "m", ...options }));
    const questions = [...prompts(20), ...prompts(5)];
    const expected = questions.map((question) => `re: ${question}`);
    expect((await manager.processBatch(questions)).map(answerOf)).toEqual(expected);
    expect(bodies()).toEqual(Array.from(bodies(), () => ""));
    expect(bodies().length).toBe(options.dedupe === true ? 20 : 25);
    if (options.cache === undefined || options.refresh === true) return;
    expect((await manager.processBatch(questions)).map(answerOf)).toEqual(expected);
    expect(bodies().length).toBe(options.dedupe === true ? 20 : 25);
  });

  it("stays in the attempt of a provider that is somebody else's, who may give the same one again", async () => {
    const answer = { statusCode: 200, requestId: "", body: '{"choices":[{"message":{"content":"same"}}]}', usage: noTokens };
    const attempt = { ok: true, answer } as const;
    const { provider: asked } = watch(createProvider("openai", { apiKey: "sk-library" }));
    const provider: Provider = { ...asked, send: async () => attempt };
    const manager = closing(new RequestManager({ provider, model: "m" }));
    expect((await manager.processBatch(["one", "two"])).map(answerOf)).toEqual(["same", "same"]);
  });
});

const noTokens = { promptTokens: 0, completionTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
