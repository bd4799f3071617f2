import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  APIKeyPool,
  Configuration,
  ConfigurationError,
  createProvider,
  type CreateProviderOptions,
  loadProviders,
  RequestManager,
} from "../../src/index.ts";
import { closing, serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer, type ScriptedServer } from "../support/scripted-server.ts";
import { load } from "./configuration.ts";

const keysOf = ({ ledger }: ScriptedServer): unknown[] => ledger.map(({ headers }) => headers["authorization"]);

const at = ({ url }: ScriptedServer): object => ({ base_url: `${url}/v1` });

function managerOf(options: CreateProviderOptions, preset = "openai"): RequestManager {
  return closing(new RequestManager({ provider: createProvider(preset, options), model: "m", retry: { retryDelayMs: 1 } }));
}

describe("createProvider says what a provider of the file can say:", () => {
  it("the key of the preset's variable, also at another address, unless one is given", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const baseUrl = `${server.url}/v1`;
    const environment = { OPENAI_API_KEY: "sk-env", OPENAI_BASE_URL: "http://127.0.0.1:1/v1" };
    await managerOf({ baseUrl, environment }).complete("Hello");
    await managerOf({ baseUrl, environment, apiKey: "sk-given" }).complete("Hello");
    await managerOf({ environment: { ...environment, OPENAI_BASE_URL: baseUrl } }).complete("Hello");
    expect(keysOf(server)).toEqual(["Bearer sk-env", "Bearer sk-given", "Bearer sk-env"]);
    expect(() => createProvider("openai", { environment: {} })).toThrow(/OPENAI_API_KEY is not set/);
  });

  it("a pool of keys, one of which may be refused, and none of which is printed", async () => {
    const server = await serve(({ headers }) =>
      headers["authorization"] === "Bearer bad-key" ? errorAnswer(401, { code: "invalid_api_key" }) : chatAnswer("fine"),
    );
    const said: string[] = [];
    const pool = new APIKeyPool(["bad-key", "$SECOND", "third-key"], "mine");
    const provider = createProvider("openai", {
      apiKeys: pool,
      baseUrl: `${server.url}/v1`,
      environment: { SECOND: "second-key" },
      onWarning: (message) => said.push(message),
    });
    const manager = closing(new RequestManager({ provider, model: "m", retry: { retryDelayMs: 1 } }));
    const results = await manager.processBatch(Array.from({ length: 30 }, (_, index) => `Question ${index}`));
    expect(results.every(({ status }) => status === "succeeded")).toBe(true);
    expect(new Set(keysOf(server))).toEqual(new Set(["Bearer bad-key", "Bearer second-key", "Bearer third-key"]));
    expect(said).toEqual([expect.stringMatching(/^openai, key 1 is refused and used no more; 2 left/)]);
    const shown = [pool, provider, manager].map((value) => inspect(value, { depth: 9 }) + JSON.stringify(value)).join();
    expect(shown).not.toMatch(/bad-key|second-key|third-key/);
    expect([pool.length, pool.providerId]).toEqual([3, "mine"]);
  });

  it("organization, project, models, members of bodies, concurrency, limits and retries", async () => {
    const server = await serve(({ body }) => (body.includes("fail") ? errorAnswer(500) : chatAnswer("fine")));
    const manager = managerOf({
      apiKey: "k",
      baseUrl: `${server.url}/v1`,
      organization: "org-1",
      project: "proj-1",
      models: { fast: "mini" },
      defaults: { temperature: 0, seed: 1 },
      modelDefaults: { fast: { seed: 2 } },
      concurrency: 1,
      maxRetries: 0,
      limits: ["requests=100/1s,burst=10", { unit: "tokens", amount: 1e6, periodMs: 60_000 }],
    });
    await manager.complete("Hello", { model: "fast" });
    await manager.complete("Hello", { seed: 9 });
    await expect(manager.complete("fail")).rejects.toThrow(/HTTP 500/);
    expect(server.ledger.map((call) => call.json())).toMatchObject([
      { model: "mini", temperature: 0, seed: 2 },
      { model: "m", temperature: 0, seed: 9 },
      { model: "m" },
    ]);
    expect(server.ledger[0]?.headers).toMatchObject({ "openai-organization": "org-1", "openai-project": "proj-1" });
    const units = manager.rateLimitStatus()[0]?.limits.map(({ unit, amount }) => [unit, amount]);
    expect(units).toEqual([
      ["requests", 100],
      ["tokens", 1e6],
    ]);
    await manager.processBatch(Array.from({ length: 8 }, (_, index) => `Question ${index}`));
    expect(server.peakInFlight).toBe(1);
  });

  it.each([
    [{ orgnization: "o" }, "createProvider has no option `orgnization`; did you mean `organization`?"],
    [{ apiKey: "k", apiKeys: ["k"] }, "give `apiKey` or `apiKeys`, not both"],
    [{ apiKeys: [] }, "apiKeys: expected at least one key"],
    [{ apiKey: "k", limits: ["lots"] }, "limits: expected a limit such as"],
  ])("and what is wrong was swallowed: %j", (options: object, words) => {
    expect(() => createProvider("openai", options)).toThrow(ConfigurationError);
    expect(() => createProvider("openai", options)).toThrow(words);
  });
});

describe("loadProviders takes a configuration as an object:", () => {
  it("providers, routes and strategies without a file", async () => {
    const [dear, cheap] = [await serve(() => chatAnswer("fine")), await serve(() => chatAnswer("fine"))];
    const { manager } = closing(
      await loadProviders({
        environment: {},
        config: {
          set: { temperature: 0 },
          providers: { dear: at(dear), cheap: at(cheap) },
          routes: { x: { strategy: "cheapest", to: [{ provider: "dear" }, { provider: "cheap" }] } },
          prices: { "dear/x": { input: 5, output: 5 }, "cheap/x": { input: 1, output: 1 } },
        },
      }),
    );
    await manager.complete("Hello", { model: "x" });
    expect([dear.ledger, cheap.ledger.map((call) => call.json())]).toMatchObject([[], [{ model: "x", temperature: 0 }]]);
  });

  it.each([
    [{ conifg: {} }, "loadProviders has no option `conifg`; did you mean `config`?"],
    [{ config: {}, configFile: "x.json" }, "give `config` or `configFile`, not both"],
    [{ config: { provders: {} } }, 'config: "provders": there is no such option; did you mean "providers"?'],
  ])("and says what is wrong: %j", async (options: object, words) => {
    await expect(loadProviders(options)).rejects.toThrow(words);
  });

  it("which is printed without its keys, and can be read back with those that are in variables", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const content = {
      provider: "house",
      header: ["X-Team: research", "X-Token: canary-1"],
      cache_path: "rediss://:canary-6@cache.example",
      queue: "redis://:${OTHER}@127.0.0.1",
      providers: {
        house: {
          base_url: `${server.url}/v1?sig=canary-2&api-version=1`,
          api_keys: ["$KEY"],
          headers: { "x-api-token": "canary-3", "x-other": "${OTHER}", "openai-beta": "b" },
        },
        literal: { base_url: `${server.url}/v1`, api_keys: ["canary-4"], models: ["l"] },
      },
    };
    const environment = { KEY: "key-of-house", OTHER: "canary-5" };
    const { config, manager } = await load(content, { environment });
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config) + inspect(manager, { depth: 9 })).not.toContain("canary");
    expect(JSON.parse(JSON.stringify(config))).toMatchObject({
      header: ["X-Team: [secret]", "X-Token: [secret]"],
      cache_path: "rediss://[secret]@cache.example",
      queue: "redis://:${OTHER}@127.0.0.1",
      providers: { house: { api_keys: ["$KEY"], headers: { "x-other": "${OTHER}", "openai-beta": "b" } } },
    });
    const plain = {
      providers: {
        house: { ...content.providers.house, headers: {}, base_url: `${server.url}/v1` },
        literal: content.providers.literal,
      },
    };
    const read = JSON.parse(JSON.stringify(new Configuration(plain)));
    const again = closing(await loadProviders({ config: read, environment }));
    await again.manager.complete("Hello", { model: "house/m" });
    expect(keysOf(server)).toEqual(["Bearer key-of-house"]);
    await expect(again.manager.complete("Hello", { model: "l" })).rejects.toThrow(
      /was hidden when this configuration was printed/,
    );
    const same = closing(await loadProviders({ config: new Configuration(plain), environment }));
    await same.manager.complete("Hello", { model: "l" });
    expect(keysOf(server)).toEqual(["Bearer key-of-house", "Bearer canary-4"]);
  });
});
