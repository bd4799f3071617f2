import type { ModelPrice, PriceCalculation } from "@pydantic/genai-prices";
import { halfPrice } from "./own-prices.ts";
import type { Rate, Rates } from "./rates.ts";

/** What the tables say of one model. */
interface KnownModel {
  readonly rates: Rates;
  readonly contextWindow: number | undefined;
}

/** A file may name any number of models. */
const maxKnownModels = 1000;
/** Some prices hold for hours of the day (DeepSeek), others from a day on. Finding one takes 0.3 to 1 ms. */
const rememberedMs = 60_000;

/** The list prices of `@pydantic/genai-prices`, by the address that requests go to. */
export class PriceTables {
  readonly #calcPrice: typeof import("@pydantic/genai-prices").calcPrice;
  readonly #known = new Map<string, KnownModel | undefined>();
  #rememberedUntilMs = 0;

  private constructor(calcPrice: typeof import("@pydantic/genai-prices").calcPrice) {
    this.#calcPrice = calcPrice;
  }

  /** Loads the tables, 0.8 MB of JavaScript. */
  static async load(): Promise<PriceTables> {
    const { calcPrice } = await import("@pydantic/genai-prices");
    return new PriceTables(calcPrice);
  }

  /** When the version that is installed came out: the package does not say it. */
  readonly date = "2026-09-23";

  /** @returns undefined for an address that is of no vendor, and a model that its vendor is not known to have. */
  find(baseUrl: string | undefined, model: string): KnownModel | undefined {
    if (baseUrl === undefined || !baseUrl.startsWith("https:")) return undefined; // no vendor's address begins otherwise
    const now = Date.now();
    if (now >= this.#rememberedUntilMs || this.#known.size >= maxKnownModels) {
      this.#known.clear();
      this.#rememberedUntilMs = now + rememberedMs;
    }
    const key = `${baseUrl} ${model}`;
    if (this.#known.has(key)) return this.#known.get(key);
    const found = this.#calcPrice({ input_tokens: 0 }, model.replace(/^models\//, ""), { providerApiUrl: listed(baseUrl) });
    const known = found === null ? undefined : describe(found);
    this.#known.set(key, known);
    return known;
  }
}

/** Together's second address is not in the tables. */
function listed(baseUrl: string): string {
  return baseUrl.replace(/^https:\/\/api\.together\.ai(?=\/|$)/, "https://api.together.xyz");
}

function describe({ model, model_price: price, provider }: PriceCalculation): KnownModel {
  const answer = price["requests_kcount"];
  return {
    contextWindow: model.context_window,
    rates: {
      input: differs(price, "input") ? undefined : price["input_mtok"],
      output: differs(price, "output") ? undefined : price["output_mtok"],
      cachedInput: price["cache_read_mtok"],
      cacheWrite: price["cache_write_mtok"],
      hourCacheWrite: price["cache_write_1h_mtok"],
      inputAudio: price["input_audio_mtok"],
      cachedAudio: price["cache_audio_read_mtok"],
      outputAudio: price["output_audio_mtok"],
      reasoning: price["output_reasoning_mtok"],
      answer: typeof answer === "number" ? answer / 1000 : undefined,
      batchFactor: halfPrice,
      // "Pricing matches the on-demand tier" (GroqDocs, flex processing).
      flexFactor: provider.id === "groq" ? 1 : halfPrice,
    },
  };
}

/** Whether images or videos cost otherwise than texts: usage does not tell them apart. */
function differs(price: ModelPrice, direction: "input" | "output"): boolean {
  const text: Rate | undefined = price[`${direction}_mtok`];
  return ["image", "video"].some((kind) => (price[`${direction}_${kind}_mtok`] ?? text) !== text);
}
