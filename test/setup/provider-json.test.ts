import { describe, expect, it } from "vitest";
import { closing, serve } from "../support/closing.ts";
import { chatAnswer, type ScriptedServer } from "../support/scripted-server.ts";
import type { LoadedProviders } from "../../src/index.ts";
import { load, modelsOf } from "./configuration.ts";

interface Vendors extends LoadedProviders {
  readonly openai: ScriptedServer;
  readonly openrouter: ScriptedServer;
}

/** The same model at its maker and at a vendor that puts the maker's name before the model's. */
async function loadVendors(order: readonly string[]): Promise<Vendors> {
  const [openai, openrouter] = [await serve(() => chatAnswer("fine")), await serve(() => chatAnswer("fine"))];
  const entries: Readonly<Record<string, object[]>> = {
    openai: [{ model_name: "gpt-4o", api_keys: ["openai-key"], base_url: `${openai.url}/v1` }],
    openrouter: [{ model_name: "openai/gpt-4o", api_keys: ["openrouter-key"], base_url: `${openrouter.url}/v1` }],
  };
  const options = { retry: { maxRetries: 1, retryDelayMs: 1 } };
  const loaded = await load(Object.fromEntries(order.map((vendor) => [vendor, entries[vendor]])), { options });
  return { ...loaded, openai, openrouter };
}

describe("vendor/model of provider.json asks and bills that vendor only: another vendor's model had the same name,", () => {
  it.each([[["openrouter", "openai"]], [["openai", "openrouter"]]])("in the order %j", async (order) => {
    const { manager, models, openai, openrouter } = await loadVendors(order);
    await models["openai"]?.["gpt-4o"]?.complete("Hello");
    await manager.complete("Hello", { model: "openai/gpt-4o" });
    await manager.complete("Hello", { model: "gpt-4o", provider: "openai" });
    await manager.complete("Hello", { model: "gpt-4o" });
    expect([modelsOf(openai), openrouter.ledger]).toEqual([["gpt-4o", "gpt-4o", "gpt-4o", "gpt-4o"], []]);
    await models["openrouter"]?.["openai/gpt-4o"]?.complete("Hello");
    await manager.complete("Hello", { model: "openrouter/openai/gpt-4o" });
    await manager.complete("Hello", { model: "openai/gpt-4o", provider: "openrouter" });
    expect(modelsOf(openrouter)).toEqual(["openai/gpt-4o", "openai/gpt-4o", "openai/gpt-4o"]);
    expect(new Set(openrouter.ledger.map(({ headers }) => headers["authorization"]))).toEqual(new Set(["Bearer openrouter-key"]));
    expect(openai.ledger).toHaveLength(4);
  });

  it("nor when that vendor is down", async () => {
    const { manager, openai, openrouter } = await loadVendors(["openrouter", "openai"]);
    await openai.close();
    closing(openai);
    await expect(manager.complete("Hello", { model: "openai/gpt-4o" })).rejects.toThrow(/./);
    expect(openrouter.ledger).toEqual([]);
  });

  it("and lists the models of those vendors that the file has, each once", async () => {
    const { models } = await loadVendors(["openrouter"]);
    expect(Object.entries(models).map(([vendor, names]) => [vendor, Object.keys(names)])).toEqual([
      ["openrouter", ["openai/gpt-4o"]],
    ]);
  });
});
