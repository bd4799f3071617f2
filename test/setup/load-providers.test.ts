import { describe, expect, it } from "vitest";
import { createMemoryCache, RequestManager } from "../../src/index.ts";
import { helloChunks } from "../providers/protocols/recorded-streams.ts";
import { chat } from "../providers/protocols/stream-pieces.ts";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer, type Script, type ScriptedServer, streamed } from "../support/scripted-server.ts";
import { load, modelsOf, requestFor } from "./configuration.ts";

const fine: Script = () => chatAnswer("fine");

function keysOf({ ledger }: ScriptedServer): unknown[] {
  return ledger.map(({ headers }) => headers["authorization"]);
}

const { signal } = new AbortController();

describe("a configuration file, loaded by a program,", () => {
  it("asks along routes, by other names, and the provider that a request names", async () => {
    const gpu = await serve(fine);
    const cloud = await serve(fine);
    const { manager } = await load(
      {
        provider: "cloud",
        providers: {
          gpu: { base_url: `${gpu.url}/v1`, api_keys: ["$GPU_KEY"] },
          cloud: { base_url: `${cloud.url}/v1`, api_keys: ["cloud-key"], models: { fast: "cloud-mini" } },
        },
        routes: { llama: { to: [{ provider: "gpu", model: "llama-3-8b" }] } },
      },
      { environment: { GPU_KEY: "gpu-key" } },
    );
    await manager.complete("Hello", { model: "llama" });
    await manager.complete("Hello", { model: "fast" });
    await manager.complete("Hello", { model: "m", provider: "gpu" });
    expect([modelsOf(gpu), keysOf(gpu)]).toEqual([
      ["llama-3-8b", "m"],
      ["Bearer gpu-key", "Bearer gpu-key"],
    ]);
    expect([modelsOf(cloud), keysOf(cloud)]).toEqual([["cloud-mini"], ["Bearer cloud-key"]]);
    expect(gpu.ledger.map(({ body }) => Object.keys(JSON.parse(body)))).toEqual([
      ["model", "messages"],
      ["model", "messages"],
    ]);
  });

  it("gives each provider by itself, which sends with its own key and its own names, whatever the routes say", async () => {
    const gpu = await serve(fine);
    const cloud = await serve(fine);
    const { provider, providers } = await load({
      providers: {
        gpu: { base_url: `${gpu.url}/v1`, api_keys: ["gpu-key"] },
        cloud: { base_url: `${cloud.url}/v1`, api_keys: ["cloud-key"], models: { fast: "cloud-mini" } },
      },
      routes: { fast: { to: [{ provider: "gpu", model: "llama-3-8b" }] } },
    });
    expect(Object.keys(providers)).toEqual(["gpu", "cloud"]);
    expect(await provider.send(requestFor("fast"), { signal })).toMatchObject({ ok: true });
    expect(await providers["cloud"]?.send(requestFor("fast"), { signal })).toMatchObject({ ok: true });
    expect([modelsOf(gpu), modelsOf(cloud)]).toEqual([["llama-3-8b"], ["cloud-mini"]]);
    expect([keysOf(gpu), keysOf(cloud)]).toEqual([["Bearer gpu-key"], ["Bearer cloud-key"]]);
  });

  it("gives each model of each provider, to be asked in whole and as a stream", async () => {
    const server = await serve(({ body }) => (body.includes('"stream":true') ? streamed(chat(helloChunks)) : chatAnswer("fine")));
    const { models } = await load({
      providers: { house: { base_url: `${server.url}/v1`, models: { fast: "mini" } } },
      routes: { llama: { to: [{ provider: "house", model: "llama-3-8b" }] } },
    });
    expect(Object.keys(models["house"] ?? {})).toEqual(["fast", "llama-3-8b"]);
    await expect(models["house"]?.["fast"]?.complete("Hello", { temperature: 0 })).resolves.toMatchObject({ text: "fine" });
    const taken: unknown[] = [];
    for await (const { event } of models["house"]?.["llama-3-8b"]?.stream("Hello") ?? []) taken.push(event);
    expect(taken).toEqual(helloChunks);
    expect(server.ledger.map((call) => call.json())).toMatchObject([
      { model: "mini", temperature: 0 },
      { model: "llama-3-8b", stream: true },
    ]);
  });

  it("keeps the file's limits, default model and body members; a program's options win", async () => {
    const server = await serve(fine);
    const { manager, options } = await load(
      {
        provider: "house",
        providers: { house: { base_url: `${server.url}/v1`, api_keys: ["one", "two"], limits: ["requests=6/1m"] } },
        concurrency: 2,
        model: "mini",
        set: "temperature=0.5",
        max_retries: 1,
        dedupe: true,
        rpm: 6_000,
      },
      { options: { concurrency: 1, cache: createMemoryCache() }, environment: { LLMBATCH_TPM: "1000000" } },
    );
    expect(options).toMatchObject({ concurrency: 1, requestsPerMinute: 6_000, tokensPerMinute: 1_000_000, dedupe: true });
    expect(options.retry).toMatchObject({ maxRetries: 1 });
    await manager.processBatch(["Hello", "Good morning"]);
    expect(server.peakInFlight).toBe(1);
    expect(server.ledger[0]?.json()).toMatchObject({ model: "mini", temperature: 0.5 });
    expect(new Set(keysOf(server))).toEqual(new Set(["Bearer one", "Bearer two"]));
    const house = manager.rateLimitStatus().find(({ provider }) => provider === "house, key 1");
    expect(house?.limits).toContainEqual(expect.objectContaining({ unit: "requests", amount: 6, periodMs: 60_000 }));
    await manager.complete("Hello");
    expect(server.ledger).toHaveLength(2);
  });

  it("serves a manager of one's own, and does not require a cache", async () => {
    const server = await serve(fine);
    const { provider, options } = await load({
      provider: "house",
      dedupe: true,
      providers: { house: { base_url: `${server.url}/v1` } },
    });
    const manager = new RequestManager({ ...options, provider });
    await expect(manager.complete("Hello", { model: "m" })).resolves.toMatchObject({ text: "fine" });
  });

  it("goes on without a key that is refused, and says so once", async () => {
    const server = await serve(({ headers }) =>
      headers["authorization"] === "Bearer bad-key" ? errorAnswer(401, { code: "invalid_api_key" }) : chatAnswer("fine"),
    );
    const said: string[] = [];
    const house = { base_url: `${server.url}/v1`, api_keys: ["bad-key", "good-key"] };
    const { manager, providers } = await load(
      { provider: "house", providers: { house }, retry_delay: 0.001 },
      { onWarning: (message) => said.push(message) },
    );
    await manager.processBatch(Array.from({ length: 20 }, (_, index) => ({ prompt: `Question ${index}`, model: "m" })));
    expect(manager.stats).toMatchObject({ requestsCompleted: 20, requestsFailed: 0 });
    expect(said).toEqual([expect.stringMatching(/^house, key 1 is refused and used no more; 1 left/)]);
    // By itself it learns that too, and sends with the other key from then on.
    await providers["house"]?.send(requestFor("m"), { signal });
    await expect(providers["house"]?.send(requestFor("m"), { signal })).resolves.toMatchObject({ ok: true });
  });

  it("of one provider alone is that provider, here the built-in one", async () => {
    const { manager, providers } = await load({ provider: "mock" });
    await expect(manager.complete("Hello", { model: "m" })).resolves.toMatchObject({ cached: false });
    expect(Object.keys(providers)).toEqual(["mock"]);
  });
});

describe("another file in use, {provider: [{model_name, api_keys, base_url}]},", () => {
  it("asks again as often as the entry that wants it most, and as late, unless the file says so for all", async () => {
    const server = await serve(() => errorAnswer(500));
    const entry = { model_name: "m", api_keys: ["k"], base_url: `${server.url}/v1` };
    const file = {
      house: [
        { ...entry, max_retries: 1 },
        { ...entry, max_retries: 2, retry_delay: 0.001 },
      ],
    };
    const { manager, options } = await load(file);
    await expect(manager.complete("Hello", { model: "m" })).rejects.toThrow("HTTP 500");
    expect(server.ledger).toHaveLength(3);
    expect(options.retry).toMatchObject({ maxRetries: 2, retryDelayMs: 1 });
    expect((await load({ ...file, max_retries: 7 })).options.retry).toMatchObject({ maxRetries: 7 });
  });

  it("gives its models by provider and name, and by name at all providers that have them", async () => {
    const one = await serve(fine);
    const other = await serve(fine);
    const spare = await serve(fine);
    const { manager, models } = await load({
      openrouter: [
        { model_name: "openai/gpt-4o", api_keys: ["or-1", "or-2"], base_url: `${one.url}/v1`, rate_limit_refill_rate: 100 },
        { model_name: "openai/gpt-4o", api_keys: ["or-3"], base_url: `${spare.url}/v1` },
      ],
      house: [{ model_name: "openai/gpt-4o", api_keys: ["house-1"], base_url: `${other.url}/v1`, max_retries: 3 }],
    });
    await models["house"]?.["openai/gpt-4o"]?.complete("Hello");
    await manager.complete("Hello", { model: "house/openai/gpt-4o" });
    expect(keysOf(other)).toEqual(["Bearer house-1", "Bearer house-1"]);
    expect(new Set(modelsOf(other))).toEqual(new Set(["openai/gpt-4o"]));
    await models["openrouter"]?.["openai/gpt-4o"]?.complete("Hello");
    await manager.complete("Hello", { model: "openai/gpt-4o" });
    expect(keysOf(one)).toHaveLength(2);
    await one.close();
    await models["openrouter"]?.["openai/gpt-4o"]?.complete("Hello");
    expect(keysOf(spare)).toEqual(["Bearer or-3"]);
  });
});
