import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { calcPrice, waitForUpdate } from "@pydantic/genai-prices";
import { assert, constantFrom, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { noUsage, type Usage } from "../../src/model/usage.ts";
import { createPriceBook, PriceTables } from "../../src/pricing/pricing.ts";

const tables = await PriceTables.load();
const book = createPriceBook({ tables });
const vendors = (await waitForUpdate()) ?? [];
/** An address of each vendor whose pattern is plain enough, with all of its models. */
const models = vendors.flatMap(({ api_pattern: pattern, models: known }) => {
  const baseUrl = pattern.replaceAll("\\.", ".").replace(/\(?[:?]*\/\|\$\)?$|\(\/\|\$\)$/, "");
  return /^https:\/\/[\w./-]+$/.test(baseUrl) ? known.map(({ id }) => ({ baseUrl, provider: "any", model: id })) : [];
});

describe("list prices", () => {
  it("are what their package reckons, of every model and any numbers of tokens", () => {
    expect(models.length).toBeGreaterThan(700);
    const tokens = integer({ min: 0, max: 400_000 });
    let compared = 0;
    assert(
      property(constantFrom(...models), tokens, tokens, tokens, tokens, (model, fresh, cached, written, output) => {
        const usage: Usage = {
          ...noUsage,
          promptTokens: fresh + cached + written,
          cachedTokens: cached,
          cacheWriteTokens: written,
          completionTokens: output,
        };
        const cost = book.costOf(usage, model);
        if (cost === null) return;
        const itsOwn = calcPrice(
          { input_tokens: usage.promptTokens, cache_read_tokens: cached, cache_write_tokens: written, output_tokens: output },
          model.model,
          { providerApiUrl: model.baseUrl },
        );
        compared += 1;
        expect(cost).toBeCloseTo(itsOwn?.total_price ?? Number.NaN, 8);
      }),
      { numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(150);
  });

  it("can be looked up for every model there is", () => {
    const windows = models.filter((model) => book.contextWindowOf(model) !== undefined);
    expect(windows.length).toBeGreaterThan(400);
  });

  it.each([
    ["https://api.openai.com/v1", 0.75],
    ["https://example.openai.azure.com/openai/v1", 0.75],
    ["http://localhost:8000/v1", null],
    ["https://gateway.example.com/v1", null],
    ["https://api.anthropic.com", null],
    [undefined, null],
  ])("are of the vendor whose address it is, whatever the provider is called: %s", (baseUrl, expected) => {
    const usage = { ...noUsage, promptTokens: 1_000_000 };
    // Beyond 272,000 tokens gpt-5.4-mini has no other price.
    expect(book.costOf(usage, { baseUrl, provider: "openai", model: "gpt-5.4-mini" })).toBe(expected);
  });

  it.each([
    ["a model that its vendor is not known to have", { model: "gpt-of-tomorrow" }, { promptTokens: 10 }],
    ["an answer that reports no tokens", { model: "gpt-5.4-mini" }, {}],
    ["what would need a price that the list lacks", { model: "text-embedding-3-small" }, { completionTokens: 10 }],
    ["sound, where only text has a price", { model: "gpt-4o-mini-audio-preview" }, { billing: { inputAudioTokens: 10 } }],
    ["an answer that may be images, which cost otherwise", { model: "gpt-image-1.5" }, { completionTokens: 10 }],
  ])("give no number for %s", (_, { model }, used) => {
    const usage = { ...noUsage, ...used, promptTokens: "promptTokens" in used || "billing" in used ? 10 : 0 };
    expect(book.costOf(usage, { baseUrl: "https://api.openai.com/v1", provider: "openai", model })).toBeNull();
  });

  it("find Together at both of its addresses", () => {
    const model = { provider: "together", model: "meta-llama/Llama-3.3-70B-Instruct-Turbo" };
    for (const baseUrl of ["https://api.together.ai/v1", "https://api.together.xyz/v1"])
      expect(book.costOf({ ...noUsage, promptTokens: 1000 }, { ...model, baseUrl })).toBe(0.000_88);
  });

  it("have the day of the version that is installed, which is set in two places", () => {
    const entry = createRequire(import.meta.url).resolve("@pydantic/genai-prices");
    const { version }: { version: string } = JSON.parse(readFileSync(new URL("../package.json", `file://${entry}`), "utf8"));
    const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
      readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
    );
    expect({ version, pinned: dependencies["@pydantic/genai-prices"], date: book.date }).toEqual({
      version: "0.1.8",
      pinned: "0.1.8",
      date: "2026-09-23",
    });
  });
});
