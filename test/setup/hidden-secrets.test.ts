import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { load, requestFor } from "./configuration.ts";

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
    ["several providers", several, "llmbatch"],
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

/** Functions cannot be cloned; then the error is what would be shown. */
function cloned(thing: unknown): string {
  try {
    return inspect(structuredClone(thing), { depth: Infinity });
  } catch (error) {
    return inspect(error);
  }
}
