import { describe, expect, it } from "vitest";
import {
  createHttpProvider,
  createProvider,
  createRoutedProvider,
  type CreateRoutedProviderOptions,
  loadProviders,
  type Provider,
  RequestManager,
} from "../../src/index.ts";
import { closing, serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer, type Reply, type ScriptedServer } from "../support/scripted-server.ts";
import { deferred } from "../support/deferred.ts";
import { modelsOf } from "./configuration.ts";

const fine = (): Promise<ScriptedServer> => serve(() => chatAnswer("fine"));
const mine = ({ url }: ScriptedServer): Provider => createHttpProvider({ name: "mine", baseUrl: `${url}/v1` });

function managerOf(
  providers: Readonly<Record<string, Provider>>,
  routing: CreateRoutedProviderOptions,
  said: string[] = [],
): RequestManager {
  const provider = createRoutedProvider(providers, { onWarning: (message) => said.push(message), ...routing });
  return closing(new RequestManager({ provider, adaptive: false, retry: { retryDelayMs: 1 } }));
}

describe("routes between providers of one's own", () => {
  it("go on to the next, by the name that it has for the model, and say who answered: only a file could have routes", async () => {
    const [down, spare] = [await serve(() => errorAnswer(500)), await fine()];
    const routes = { llama: { to: [{ provider: "gpu" }, { provider: "cloud", model: "meta/llama" }] } };
    const manager = managerOf({ gpu: mine(down), cloud: mine(spare) }, { routes });
    const { result } = await manager.complete("Hello", { model: "llama" });
    expect([result.provider, result.attempts, modelsOf(down), modelsOf(spare)]).toEqual(["cloud", 2, ["llama"], ["meta/llama"]]);
    await manager.complete("Hello", { model: "any", provider: "cloud" });
    await manager.complete("Hello", { model: "cloud/other" });
    expect(modelsOf(spare).slice(1)).toEqual(["any", "other"]);
  });

  it.each([
    ["order", [6, 0]],
    ["cheapest", [0, 6]],
    ["weighted", [4, 2]],
  ] as const)("choose by %s", async (strategy, expected) => {
    const allAreIn = deferred<undefined>();
    let arrived = 0;
    const answerLate = async (): Promise<Reply> => {
      arrived += 1;
      if (arrived === 6) allAreIn.resolve(undefined);
      await allAreIn.promise;
      return chatAnswer("fine");
    };
    const [a, b] = [await serve(answerLate), await serve(answerLate)];
    const to = [{ provider: "a", weight: 2 }, { provider: "b" }];
    const prices = { "a/m": { input: 1, output: 4 }, m: { input: 1, output: 2 } };
    const manager = managerOf({ a: mine(a), b: mine(b) }, { routes: { m: { strategy, to } }, prices });
    await Promise.all(Array.from({ length: 6 }, (_, index) => manager.complete(`Question ${index}`, { model: "m" })));
    expect([a.ledger.length, b.ledger.length]).toEqual(expected);
  });

  it("are those of the models that providers have, in their order; what nobody has is said", async () => {
    const [down, a, b] = [await serve(() => errorAnswer(500)), await fine(), await fine()];
    const models = { down: ["x"], a: { x: "x-at-a" }, b: ["y"] };
    const manager = managerOf({ down: mine(down), a: mine(a), b: mine(b) }, { models });
    for (const model of ["x", "y"]) await manager.complete("Hello", { model });
    expect([modelsOf(down), modelsOf(a), modelsOf(b)]).toEqual([["x"], ["x-at-a"], ["y"]]);
    await expect(manager.complete("Hello", { model: "z" })).rejects.toThrow(/^Model 'z' not found in any/);
  });

  it("keep the keys, limits, defaults and names of models of each provider that createProvider made", async () => {
    const said: string[] = [];
    const [house, other] = [
      await serve(({ headers }) => (headers["authorization"] === "Bearer bad" ? errorAnswer(401) : chatAnswer("fine"))),
      await fine(),
    ];
    const pool = createProvider("openai", {
      baseUrl: `${house.url}/v1`,
      apiKeys: ["bad", "good"],
      limits: ["requests=1000/1s"],
      models: { fast: "mini" },
      defaults: { seed: 7 },
    });
    const routes = { fast: { to: [{ provider: "house" }, { provider: "other" }] } };
    const manager = managerOf({ house: pool, other: mine(other) }, { routes }, said);
    for (let asked = 0; asked < 6; asked += 1) await manager.complete(`Question ${asked}`, { model: "fast" });
    expect(other.ledger).toEqual([]);
    expect(house.ledger.slice(1).map((call) => [call.headers["authorization"], call.json()])).toContainEqual([
      "Bearer good",
      expect.objectContaining({ model: "mini", seed: 7 }),
    ]);
    expect(said).toEqual([expect.stringMatching(/^house, key 1 is refused and used no more; 2 left/)]);
    const status = manager.rateLimitStatus().find(({ provider }) => provider === "house, key 2");
    expect(status?.limits).toContainEqual(expect.objectContaining({ unit: "requests", amount: 1000, periodMs: 1000 }));
  });

  it("may lead into a configuration that was loaded, and each of its providers", async () => {
    const [a, b] = [await fine(), await fine()];
    const config = { providers: { a: { base_url: `${a.url}/v1` }, b: { base_url: `${b.url}/v1` } } };
    const { providers, provider } = closing(await loadProviders({ config, environment: {} }));
    const routes = { m: { to: [{ provider: "second", model: "n" }] }, k: { to: [{ provider: "all", model: "a/k" }] } };
    const second = providers["b"] ?? provider;
    const manager = managerOf({ second, all: provider }, { routes });
    expect((await manager.complete("Hello", { model: "m" })).result.provider).toBe("second");
    await manager.complete("Hello", { model: "k" });
    expect([modelsOf(a), modelsOf(b)]).toEqual([["k"], ["n"]]);
  });

  it.each([
    [{ routs: {} }, "createRoutedProvider has no option `routs`; did you mean `routes`?"],
    [{ routes: { m: { to: [{ provider: "gpux" }] } } }, 'routes.m: there is no provider "gpux"; did you mean "gpu"?'],
    [{ routes: { m: { strategy: "magic", to: [{ provider: "gpu" }] } } }, "routes.m.strategy: expected order, cheapest"],
    [{ routes: { m: { to: [{ provider: "gpu", wieght: 2 }] } } }, "routes.m.to[0].wieght: there is no such member"],
    [{ models: { cpu: [] } }, 'models: there is no provider "cpu"'],
  ])("that cannot be are refused in words: %j", async (routing: object, words) => {
    const gpu = mine(await fine());
    expect(() => createRoutedProvider({ gpu }, routing)).toThrow(words);
  });
});
