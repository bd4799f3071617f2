import { describe, expect, it } from "vitest";
import { createMemoryCache, createProvider, type Provider, RequestManager } from "../../src/index.ts";
import { closing, serve } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import { chatAnswer, type Reply } from "../support/scripted-server.ts";
import { load } from "../setup/configuration.ts";

describe("two managers that share a provider and a cache", () => {
  it("do not hear of each other's end: closing one broke the other's batch", async () => {
    const held = deferred<Reply>();
    const server = await serve(() => held.promise);
    const provider = createProvider("openai", { baseUrl: `${server.url}/v1`, apiKey: "sk-library" });
    const options = { provider, cache: createMemoryCache(), model: "m" };
    const [first, second] = [new RequestManager(options), closing(new RequestManager(options))];
    const batch = second.processBatch(["One", "Two"]);
    await server.until(() => server.inFlight === 2);
    await first.close();
    await first.close();
    held.resolve(chatAnswer("fine"));
    expect((await batch).map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
    await expect(second.complete("Three")).resolves.toMatchObject({ text: "fine" });
    await expect(second.complete("Three")).resolves.toMatchObject({ cached: true });
  });

  it("close them with the last", async () => {
    const closed: string[] = [];
    const http = createProvider("openai", { baseUrl: "http://127.0.0.1:9/v1", apiKey: "sk-library" });
    const provider: Provider = {
      name: "mine",
      endpoint: (request) => http.endpoint(request),
      estimate: (request) => http.estimate(request),
      send: (request, sending) => http.send(request, sending),
      close: async () => void closed.push("provider"),
    };
    const cache = { get: async () => undefined, set: async () => undefined, close: async () => void closed.push("cache") };
    const [first, second] = [new RequestManager({ provider, cache }), new RequestManager({ provider, cache })];
    await first.close();
    expect(closed).toEqual([]);
    await second.close();
    expect(closed).toEqual(["provider", "cache"]);
  });

  it("may be one of a configuration, and one of one's own that asks one of its providers", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const { manager, providers, provider } = await load({ providers: { house: { base_url: `${server.url}/v1` } } });
    for (const shared of [provider, providers["house"]]) {
      if (shared === undefined) throw new Error("there is no such provider");
      const own = new RequestManager({ provider: shared, model: "m" });
      await own.complete("Hello", { provider: "house" });
      await own.close();
    }
    await expect(manager.complete("Hello", { model: "m", provider: "house" })).resolves.toMatchObject({ text: "fine" });
  });
});
