import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createPriceBook, PriceTables } from "../../src/pricing/pricing.ts";
import { protocols } from "../../src/providers/protocols/protocols.ts";

/** What one provider sends, and what it costs by hand. Prices are US dollars for a million tokens. */
interface Recorded {
  readonly name: string;
  readonly baseUrl: string;
  readonly path: string;
  readonly model: string;
  readonly body: object;
  /** The sum worked by hand: tokens times price, in millionths of a dollar. */
  readonly millionths: number | null;
}

const book = createPriceBook({ tables: await PriceTables.load() });

const openai = { baseUrl: "https://api.openai.com/v1", path: "/v1/chat/completions" };
const responses = { ...openai, path: "/v1/responses" };
const anthropic = { baseUrl: "https://api.anthropic.com", path: "/v1/messages", model: "claude-sonnet-5" };
const choices = [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }];

// Prices: OpenAI's price list and model pages as of 2026-09-23 (developers.openai.com/api/docs/pricing): gpt-5.4-mini 0.75, cached 0.075,
// output 4.50; gpt-5.4 2.50 and 15, from 272,000 tokens of input on 5 and 22.50, cached 0.50; gpt-5.6-sol 4, cached 0.40, cache writes 5
// (1.25 times), output 20; gpt-audio 2.50 and 10, audio 32 and 64; text-embedding-3-small 0.02. Flex and batch halve all of them.
const ofOpenai: readonly Recorded[] = [
  {
    ...openai,
    name: "OpenAI: cached input, and reasoning, which is output",
    model: "gpt-5.4-mini",
    body: {
      choices,
      service_tier: "default",
      usage: {
        prompt_tokens: 2006,
        completion_tokens: 300,
        total_tokens: 2306,
        prompt_tokens_details: { cached_tokens: 1920, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 192, audio_tokens: 0 },
      },
    },
    millionths: 86 * 0.75 + 1920 * 0.075 + 300 * 4.5, // 1558.5
  },
  {
    ...openai,
    name: "OpenAI: written to the cache",
    model: "gpt-5.6-sol",
    body: {
      choices,
      usage: {
        prompt_tokens: 10_000,
        completion_tokens: 1000,
        total_tokens: 11_000,
        prompt_tokens_details: { cached_tokens: 4000, cache_write_tokens: 5000 },
      },
    },
    millionths: 1000 * 4 + 4000 * 0.4 + 5000 * 5 + 1000 * 20, // 50,600
  },
  {
    ...openai,
    name: "OpenAI: a long prompt, whose whole answer costs more",
    model: "gpt-5.4",
    body: {
      choices,
      usage: {
        prompt_tokens: 300_000,
        completion_tokens: 2000,
        total_tokens: 302_000,
        prompt_tokens_details: { cached_tokens: 100_000 },
      },
    },
    millionths: 200_000 * 5 + 100_000 * 0.5 + 2000 * 22.5, // 1,095,000
  },
  {
    ...openai,
    name: "OpenAI: the longest prompt that does not",
    model: "gpt-5.4",
    body: { choices, usage: { prompt_tokens: 271_999, completion_tokens: 1000, total_tokens: 272_999 } },
    millionths: 271_999 * 2.5 + 1000 * 15, // 694,997.5
  },
  {
    ...openai,
    name: "OpenAI: sound in, sound out",
    model: "gpt-audio",
    body: {
      choices,
      usage: {
        prompt_tokens: 1000,
        completion_tokens: 500,
        total_tokens: 1500,
        prompt_tokens_details: { audio_tokens: 800, cached_tokens: 0 },
        completion_tokens_details: { audio_tokens: 400, reasoning_tokens: 0 },
      },
    },
    millionths: 200 * 2.5 + 800 * 32 + 100 * 10 + 400 * 64, // 52,700
  },
  {
    ...responses,
    name: "OpenAI Responses: the flex tier",
    model: "gpt-5.4-mini-2026-03-17",
    body: {
      status: "completed",
      output: [],
      service_tier: "flex",
      usage: {
        input_tokens: 328,
        input_tokens_details: { cached_tokens: 128 },
        output_tokens: 52,
        output_tokens_details: { reasoning_tokens: 32 },
        total_tokens: 380,
      },
    },
    millionths: (200 * 0.75 + 128 * 0.075 + 52 * 4.5) / 2, // 196.8
  },
  {
    ...responses,
    name: "OpenAI Responses: the priority tier, whose price is not in the list",
    model: "gpt-5.4-mini",
    body: { status: "completed", output: [], service_tier: "priority", usage: { input_tokens: 328, output_tokens: 52 } },
    millionths: null,
  },
  {
    ...openai,
    path: "/v1/embeddings",
    name: "OpenAI: an embedding",
    model: "text-embedding-3-small",
    body: { data: [{ index: 0, embedding: [0.1] }], usage: { prompt_tokens: 8, total_tokens: 8 } },
    millionths: 8 * 0.02, // 0.16
  },
];

// Prices: Anthropic's pricing page as of 2026-09-23 (claude.com/pricing): Sonnet 5 2 and 10, cache reads 0.20, writes 2.50 for five minutes
// and 4 for an hour. The batch tier halves all of them.
const sonnetUsage = {
  input_tokens: 21,
  cache_creation_input_tokens: 188,
  cache_read_input_tokens: 1000,
  cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 88 },
  output_tokens: 393,
  output_tokens_details: { thinking_tokens: 90 },
};
const sonnetMillionths = 21 * 2 + 100 * 2.5 + 88 * 4 + 1000 * 0.2 + 393 * 10; // 4774
const message = { type: "message", role: "assistant", content: [{ type: "text", text: "Hi" }], stop_reason: "end_turn" };
const ofAnthropic: readonly Recorded[] = [
  {
    ...anthropic,
    name: "Anthropic: read from the cache, and written to it for five minutes and for an hour",
    body: { ...message, usage: { ...sonnetUsage, service_tier: "standard" } },
    millionths: sonnetMillionths,
  },
  {
    ...anthropic,
    name: "Anthropic: the batch tier",
    body: { ...message, usage: { ...sonnetUsage, service_tier: "batch" } },
    millionths: sonnetMillionths / 2,
  },
  {
    ...anthropic,
    name: "Anthropic: fast mode, whose price is not in the list",
    body: { ...message, usage: { ...sonnetUsage, service_tier: "standard", speed: "fast" } },
    millionths: null,
  },
];

const openrouter = { ...openai, baseUrl: "https://openrouter.ai/api/v1", model: "openai/gpt-5.4-mini" };
const counted = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 };
const gemini = { ...openai, baseUrl: "https://generativelanguage.googleapis.com/v1beta/openai" };
const xai = { ...openai, baseUrl: "https://api.x.ai/v1", model: "grok-4.3" };
const thought = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 315 };
const deepseek = { ...openai, baseUrl: "https://api.deepseek.com/v1", model: "deepseek-v4-flash" };
// Prices as of 2026-09-23: Gemini 2.5 Flash 0.30 and 2.50 (ai.google.dev/pricing); Grok 4.3 1.25 and 2.50 (docs.x.ai/docs/models); DeepSeek V4
// Flash outside of peak hours 0.22, cached 0.007, and 0.66 (api-docs.deepseek.com/quick_start/pricing); gpt-oss-120b at Groq 0.15 and 0.60
// (groq.com/pricing), where "pricing matches the on-demand tier" in flex (console.groq.com/docs/flex-processing).
const ofOthers: readonly Recorded[] = [
  {
    ...openrouter,
    name: "OpenRouter: what it reports wins over the list",
    body: { choices, usage: { ...counted, cost: 0.000_95, is_byok: false, cost_details: { upstream_inference_cost: 0.000_95 } } },
    millionths: 950,
  },
  {
    ...openrouter,
    name: "OpenRouter, with a key of the user's own: its fee, and what the vendor charges",
    body: { choices, usage: { ...counted, cost: 0.000_05, is_byok: true, cost_details: { upstream_inference_cost: 0.0012 } } },
    millionths: 50 + 1200,
  },
  {
    ...openrouter,
    name: "OpenRouter, with a key of the user's own, where the vendor's part is missing: by the list",
    body: { choices, usage: { ...counted, cost: 0, is_byok: true } },
    millionths: 10 * 0.75 + 2 * 4.5, // 16.5
  },
  {
    ...gemini,
    name: "Gemini: thinking that only the total tells of",
    model: "gemini-2.5-flash",
    body: { choices, usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 45 } },
    millionths: 10 * 0.3 + 35 * 2.5, // 90.5
  },
  {
    ...gemini,
    name: "Gemini: the model's long name",
    model: "models/gemini-2.5-flash",
    body: { choices, usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } },
    millionths: 10 * 0.3 + 5 * 2.5, // 15.5
  },
  {
    ...xai,
    name: "xAI: thinking that the completion leaves out",
    body: { choices, usage: { ...thought, completion_tokens_details: { reasoning_tokens: 300 } } },
    millionths: 10 * 1.25 + 305 * 2.5, // 775
  },
  {
    ...xai,
    name: "xAI: what it reports, in ticks",
    body: { choices, usage: { ...thought, cost_in_usd_ticks: 37_756_000 } },
    millionths: 3775.6,
  },
  {
    ...deepseek,
    name: "DeepSeek: thinking is output, and cached input has a name of its own",
    body: {
      choices,
      usage: {
        prompt_tokens: 1000,
        completion_tokens: 600,
        total_tokens: 1600,
        prompt_cache_hit_tokens: 900,
        prompt_cache_miss_tokens: 100,
        completion_tokens_details: { reasoning_tokens: 500 },
      },
    },
    millionths: 100 * 0.22 + 900 * 0.007 + 600 * 0.66, // 424.3
  },
  {
    ...openai,
    name: "Groq: flex costs what the rest does",
    baseUrl: "https://api.groq.com/openai/v1",
    model: "openai/gpt-oss-120b",
    body: { choices, service_tier: "flex", usage: counted },
    millionths: 10 * 0.15 + 2 * 0.6, // 2.7
  },
];

describe("what a recorded answer cost", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-10-01T12:00:00Z") }));
  afterEach(() => void vi.useRealTimers());

  it.each([...ofOpenai, ...ofAnthropic, ...ofOthers])("$name", ({ baseUrl, path, model, body, millionths }) => {
    const usage = protocols.find((protocol) => protocol.path === path)?.readUsage(body);
    if (usage === undefined) throw new Error(`there is no ${path}`);
    const cost = book.costOf(usage, { baseUrl, provider: "any", model });
    expect(cost).toEqual(millionths === null ? null : Math.round(millionths * 1000) / 1e9);
  });

  it("DeepSeek: twice as much in peak hours", () => {
    const usage = { promptTokens: 100, completionTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
    const cost = (): number | null => book.costOf(usage, { ...deepseek, provider: "any" });
    expect(cost()).toBe(0.000_022);
    vi.setSystemTime(new Date("2026-10-02T02:00:00Z"));
    expect(cost()).toBe(0.000_044);
  });
});
