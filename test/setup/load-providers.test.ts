import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import {
  createMemoryCache,
  type LoadedProviders,
  loadProviders,
  type LoadProvidersOptions,
  RequestFailedError,
  RequestManager,
  UsageError,
} from "../../src/index.ts";
import { requestOf } from "../contracts/provider.ts";
import { chat, piece } from "../providers/stream-pieces.ts";
import { chatAnswer, errorAnswer, type Script, type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function serve(script: Script = () => chatAnswer("fine")): Promise<ScriptedServer> {
  const server = await startScriptedServer(script);
  closers.push(() => server.close());
  return server;
}

async function load(config: object, loading: LoadProvidersOptions = {}): Promise<LoadedProviders> {
  const loaded = await loadProviders({ configFile: write(config), environment: {}, ...loading });
  closers.push(() => loaded.close());
  return loaded;
}

function write(config: object): string {
  const folder = mkdtempSync(join(tmpdir(), "llmbatch-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "config.json");
  writeFileSync(path, JSON.stringify(config));
  return path;
}

function keysOf({ ledger }: ScriptedServer): unknown[] {
  return ledger.map(({ headers }) => headers["authorization"]);
}

function modelsOf({ ledger }: ScriptedServer): string[] {
  return ledger.map(({ body }) => JSON.parse(body).model);
}

const { signal } = new AbortController();

describe("a configuration file, loaded by a program,", () => {
  it("asks along routes, by other names, and whom a request names", async () => {
    const gpu = await serve();
    const cloud = await serve();
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
    const gpu = await serve();
    const cloud = await serve();
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
    const chunks = [piece({ content: "Hel" }), piece({ content: "lo" }), piece({}, {}, "stop")];
    const server = await serve(({ body }) =>
      body.includes('"stream":true')
        ? { headers: { "content-type": "text/event-stream" }, body: chat(chunks) }
        : chatAnswer("fine"),
    );
    const { models } = await load({
      providers: { house: { base_url: `${server.url}/v1`, models: { fast: "mini" } } },
      routes: { llama: { to: [{ provider: "house", model: "llama-3-8b" }] } },
    });
    expect(Object.keys(models["house"] ?? {})).toEqual(["fast", "llama-3-8b"]);
    await expect(models["house"]?.["fast"]?.complete("Hello", { temperature: 0 })).resolves.toMatchObject({ text: "fine" });
    const taken: unknown[] = [];
    for await (const chunk of models["house"]?.["llama-3-8b"]?.stream("Hello") ?? []) taken.push(chunk);
    expect(taken).toEqual(chunks);
    expect(server.ledger.map((call) => call.json())).toMatchObject([
      { model: "mini", temperature: 0 },
      { model: "llama-3-8b", stream: true },
    ]);
  });

  it("keeps the file's limits, default model and body members; a program's options win", async () => {
    const server = await serve();
    const { manager, options } = await load(
      {
        provider: "house",
        providers: { house: { base_url: `${server.url}/v1`, api_keys: ["one", "two"], limits: ["requests=600/1m"] } },
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
    await manager.processBatch(["Hello", "Good morning", "Good evening"]);
    expect(server.peakInFlight).toBe(1);
    expect(server.ledger[0]?.json()).toMatchObject({ model: "mini", temperature: 0.5 });
    expect(new Set(keysOf(server))).toEqual(new Set(["Bearer one", "Bearer two"]));
    const house = manager.rateLimitStatus().find(({ provider }) => provider === "house, key 1");
    expect(house?.limits).toContainEqual(expect.objectContaining({ measure: "requests", amount: 600, periodMs: 60_000 }));
    await manager.complete("Hello");
    expect(server.ledger).toHaveLength(3);
  });

  it("is good for a manager of one's own, and does not ask for a cache that nobody gave", async () => {
    const server = await serve();
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
    await expect(manager.complete("Hello", { model: "m" })).resolves.toMatchObject({ isFromCache: false });
    expect(Object.keys(providers)).toEqual(["mock"]);
  });
});

describe("another file in use, {provider: [{model_name, api_keys, base_url}]},", () => {
  it("gives its models by provider and name, and by name at all providers that have them", async () => {
    const one = await serve();
    const other = await serve();
    const spare = await serve();
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

describe("what cannot be used", () => {
  it("is said of the request that needs it, while others are answered", async () => {
    const server = await serve();
    const { manager, providers } = await load({
      provider: "house",
      providers: { house: { base_url: `${server.url}/v1` }, other: { base_url: `${server.url}/v1`, api_keys: ["$NOT_SET"] } },
    });
    const missing = /the environment variable NOT_SET is not set/;
    await expect(manager.complete("Hello", { model: "m" })).resolves.toMatchObject({ text: "fine" });
    const error: unknown = await manager.complete("Hello", { model: "m", provider: "other" }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RequestFailedError);
    expect(error).toMatchObject({ message: expect.stringMatching(missing) });
    await expect(providers["other"]?.send(requestFor("m"), { signal })).resolves.toMatchObject({
      ok: false,
      failure: { message: expect.stringMatching(missing), retryable: false },
    });
    expect(server.ledger).toHaveLength(1);
  });

  it.each([
    [{ provider: "openai" }, /OPENAI_API_KEY is not set/],
    [{ provider: "nobody" }, /there is no provider "nobody"/],
    [{ providers: { house: { api_key: "canary" } } }, /config\.json: "providers"\.house\.api_key: there is no such option/],
  ])("at all is said at once: %j", async (config, words) => {
    const error: unknown = await load(config).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ message: expect.stringMatching(words) });
    expect(inspect(error)).not.toContain("canary");
  });

  it("is no name that every object has", async () => {
    const server = await serve();
    const { manager } = await load({
      provider: "house",
      providers: { house: { base_url: `${server.url}/v1`, models: { a: "b" } } },
    });
    for (const model of ["constructor", "toString/x", "__proto__"]) await manager.complete("Hello", { model });
    expect(modelsOf(server)).toEqual(["constructor", "toString/x", "__proto__"]);
    await expect(manager.complete("Hello", { model: "m", provider: "constructor" })).rejects.toThrow(/no provider "constructor"/);
  });
});

describe("secrets", () => {
  const canaries = {
    KEY: "canary-key-in-a-variable",
    HTTPS_PROXY: "http://canary-name:canary-password@proxy.example:3128",
    AZURE_OPENAI_API_KEY: "canary-of-a-preset",
  };
  const several = {
    provider: "house",
    providers: {
      house: { base_url: "https://house.example/v1?sig=canary-in-query", api_keys: ["$KEY", "canary-key-in-the-file"] },
      azure: { base_url: "https://azure.example/v1", headers: { "x-token": "canary-in-a-header" } },
    },
    header: "authorization: canary-for-all",
  };

  const one = { provider: "openai", base_url: "https://house.example/v1?sig=canary-in-query", header: several.header };

  it.each([
    ["several providers", several, "house, key 2"],
    ["one provider", one, "openai"],
  ])("are not seen in what is given of %s, however it is printed, serialised or copied", async (_, config, visible) => {
    const loaded = await load(config, { environment: { ...canaries, OPENAI_API_KEY: "canary-of-one" } });
    for (const name of Object.keys(loaded.providers)) loaded.providers[name]?.estimate(requestFor("m"));
    loaded.provider.estimate(requestFor("m"));
    const things: unknown[] = [
      loaded,
      loaded.manager,
      loaded.options,
      loaded.models,
      loaded.provider,
      ...Object.values(loaded.providers),
    ];
    const seen = things.flatMap((thing) => [
      inspect(thing, { depth: Infinity, showHidden: true, getters: true, maxArrayLength: null }),
      JSON.stringify(thing),
      String(thing),
      cloned(thing),
      inspect(Object.assign({}, thing), { depth: Infinity, showHidden: true }),
    ]);
    expect(seen.join("\n")).toContain(visible);
    expect(seen.filter((text) => text.includes("canary"))).toEqual([]);
  });
});

/** Functions cannot be cloned; then the error is what somebody would see. */
function cloned(thing: unknown): string {
  try {
    return inspect(structuredClone(thing), { depth: Infinity });
  } catch (error) {
    return inspect(error);
  }
}

function requestFor(model: string): ReturnType<typeof requestOf> {
  return { ...requestOf(JSON.stringify({ model, messages: [] })), model };
}
