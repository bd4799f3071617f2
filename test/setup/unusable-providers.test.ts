import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { RequestFailedError, ConfigurationError } from "../../src/index.ts";
import { serve } from "../support/closing.ts";
import { chatAnswer } from "../support/scripted-server.ts";
import { load, modelsOf, requestFor } from "./configuration.ts";

const { signal } = new AbortController();

describe("what cannot be used", () => {
  it("is said of the request that needs it, while others are answered", async () => {
    const server = await serve(() => chatAnswer("fine"));
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

  it("is left out of its routes, which is said once: a fallback without a key made each of their lines fail", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const said: string[] = [];
    const to = [{ provider: "spare" }, { provider: "house" }, { provider: "openrouter" }];
    const { manager } = await load(
      {
        providers: { house: { base_url: `${server.url}/v1` }, spare: { base_url: `${server.url}/v1`, api_keys: ["${NOT_SET}"] } },
        routes: { a: { to }, b: { strategy: "least-loaded", to }, c: { to: [{ provider: "spare" }] } },
      },
      { onWarning: (message) => said.push(message) },
    );
    for (const model of ["a", "b", "a"]) await manager.complete("Hello", { model });
    expect(modelsOf(server)).toEqual(["a", "b", "a"]);
    expect(said).toEqual([
      "spare is left out of its routes, and the others serve: no API key: the environment variable NOT_SET is not set",
      expect.stringMatching(/^openrouter is left out of its routes, .* OPENROUTER_API_KEY is not set/),
    ]);
    await expect(manager.complete("Hello", { model: "c" })).rejects.toThrow(/NOT_SET is not set/);
    expect(said).toHaveLength(2);
  });

  it.each([
    [{ provider: "openai" }, /OPENAI_API_KEY is not set/],
    [{ provider: "nobody" }, /there is no provider "nobody"/],
    [{ providers: { house: { api_key: "canary" } } }, /config\.json: "providers"\.house\.api_key: there is no such option/],
  ])("at all is said at once: %j", async (config, words) => {
    const error: unknown = await load(config).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
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
