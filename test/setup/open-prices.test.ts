import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadOptions } from "../../src/config/load-options.ts";
import { ConfigurationError, openPrices, type PriceBook } from "../../src/index.ts";
import { noUsage } from "../../src/model/usage.ts";
import { openConfiguredPrices } from "../../src/setup/setup.ts";
import { Configuration } from "../../src/setup/setup.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const million = { ...noUsage, promptTokens: 1_000_000 };
const openai = "https://api.openai.com/v1";

function costAt(book: PriceBook, provider: string, model: string, baseUrl: string = openai): number | null {
  return book.costOf(million, { baseUrl, provider, model });
}

function fileOf(content: unknown): string {
  const path = join(temporaryFolder(), "prices.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

/** The prices that the command line has with these flags and this file. */
function configured(flags: object, config: object, environment = {}): Promise<PriceBook> {
  return openConfiguredPrices(loadOptions({ ...flags }, new Configuration(config), environment), environment);
}

describe("openPrices", () => {
  it("knows list prices, prices given over them, and those of a file over both, model by model", async () => {
    const pricesFile = fileOf({ "gpt-5.4": { input: 7, output: 7, context_window: 1000 } });
    const prices = { "gpt-5.4": { input: 5, output: 5 }, "gpt-5.4-mini": { input: 6, output: 6 } };
    const book = await openPrices({ prices, pricesFile, contextWindows: { "gpt-5.4-mini": 2000 } });
    expect(["gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano"].map((model) => costAt(book, "openai", model))).toEqual([7, 6, 0.2]);
    const windows = ["gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano"].map((model) =>
      book.contextWindowOf({ baseUrl: openai, provider: "openai", model }),
    );
    expect(windows).toEqual([1000, 2000, 400_000]);
    expect(book.date).toBe("2026-09-23");
  });

  it.each([NaN, "many", 0, 1.5])("refuses a window of %s", async (tokens) => {
    // @ts-expect-error: programs in JavaScript pass texts
    await expect(openPrices({ contextWindows: { m: tokens } })).rejects.toThrow(
      new ConfigurationError('contextWindows: "m": expected a whole number above 0'),
    );
  });

  it("can do without the list", async () => {
    const book = await openPrices({ prices: { m: { input: 1, output: 1 } }, listPrices: false });
    expect([book.date, costAt(book, "openai", "m"), costAt(book, "openai", "gpt-5.4-nano")]).toEqual([undefined, 1, null]);
  });

  it.each<[string, unknown, RegExp]>([
    ["no JSON", "{", /^--prices: .*prices\.json:1: it is not JSON: .+ at column 2$/],
    ["no prices", [1], /prices\.json: expected prices by model$/],
    ["a price that is none", { m: { input: -1, output: 1 } }, /"m"\."input": expected dollars for a million tokens$/],
    ["a number for a price", { m: 1 }, /"m": expected a price such as \{"input"/],
    ["a price that is missing", { m: { input: 1 } }, /"m"\."output": expected dollars for a million tokens$/],
    [
      "a price that there is not",
      { m: { input: 1, output: 1, outptu: 2 } },
      /"m"\."outptu": there is no such price; did you mean "output"\?$/,
    ],
    [
      "a window that is none",
      { m: { input: 1, output: 1, context_window: 0.5 } },
      /"m"\."context_window": expected a whole number above 0$/,
    ],
  ])("refuses a file that holds %s, and says where", async (_, content, message) => {
    const opening = openPrices({ pricesFile: fileOf(content) });
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toBeInstanceOf(ConfigurationError);
  });

  it("refuses a file that is not there, and options that there are not", async () => {
    await expect(openPrices({ pricesFile: "/nowhere/p.json" })).rejects.toThrow(
      /^--prices: cannot read \/nowhere\/p\.json: there is no such file or directory$/,
    );
    await expect(openPrices(JSON.parse('{"price":{}}'))).rejects.toThrow(/no option `price`; did you mean `prices`/);
  });
});

describe("prices of a run", () => {
  it("of --prices win over those of the file, also where that names the provider", async () => {
    const prices = { "openai/m": { input: 2, output: 2 }, n: { input: 3, output: 3 } };
    const book = await configured({ prices_file: fileOf({ m: { input: 1, output: 1 } }) }, { prices });
    expect([costAt(book, "openai", "m"), costAt(book, "openai", "n")]).toEqual([1, 3]);
  });

  it("may be named by what lines call a model, or by what its provider does", async () => {
    const providers = {
      house: {
        base_url: `${openai}/`,
        models: { fast: "mini-1", slow: { id: "big-1", context_window: 9000 } },
        context_windows: { fast: 8000 },
      },
      other: { base_url: openai, models: { fast: "small" } },
    };
    const prices = { fast: { input: 1, output: 1 }, "house/slow": { input: 2, output: 2 }, small: { input: 3, output: 3 } };
    const book = await configured({}, { providers, prices });
    expect(costAt(book, "house", "mini-1")).toBe(1);
    expect(costAt(book, "house, key 2", "big-1")).toBe(2);
    expect(costAt(book, "other", "small")).toBe(3);
    expect(costAt(book, "other", "big-1")).toBeNull();
    const windowOf = (model: string): number | undefined => book.contextWindowOf({ baseUrl: openai, provider: "house", model });
    expect([windowOf("mini-1"), windowOf("big-1"), windowOf("small")]).toEqual([8000, 9000, undefined]);
  });

  it.each<[string, object, object, object, boolean]>([
    ["the mock", { provider: "mock" }, {}, {}, false],
    ["this machine", { base_url: "http://localhost:8000/v1" }, {}, {}, false],
    ["this machine, over TLS", { base_url: "https://127.0.0.1:8443/v1" }, {}, {}, false],
    ["a machine of the network, in plain", { base_url: "http://10.0.0.5/v1" }, {}, {}, false],
    ["this machine, by the variable of its SDK", { provider: "openai" }, {}, { OPENAI_BASE_URL: "http://localhost:1/v1" }, false],
    ["a preset of this machine", { provider: "ollama" }, {}, {}, false],
    ["a vendor", { provider: "openai" }, {}, {}, true],
    ["what lines name", {}, {}, {}, true],
    ["one of several", { provider: "mock" }, { providers: { openai: {} } }, {}, true],
  ])("load the list unless all goes to this machine: %s", async (_, flags, config, environment, isLoaded) => {
    expect((await configured(flags, config, environment)).date !== undefined).toBe(isLoaded);
  });
});
