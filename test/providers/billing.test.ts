import { constantFrom, assert, double, jsonValue, oneof, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import type { Billing, Usage } from "../../src/model/usage.ts";
import { readBilling } from "../../src/providers/billing.ts";
import { protocols } from "../../src/providers/protocols/protocols.ts";
import { readPieces } from "../contracts/streaming.ts";
import { chat, chunkHead, piece, typed } from "./protocols/stream-pieces.ts";

const protocolOf = (path: string): (typeof protocols)[number] => {
  const found = protocols.find((protocol) => protocol.path === path);
  if (found === undefined) throw new Error(`there is no ${path}`);
  return found;
};

function streamedUsage(path: string, events: string): Usage {
  const attempt = readPieces(protocolOf(path), {}, [Buffer.from(events)]);
  if (!attempt.ok) throw new Error(attempt.failure.message);
  return attempt.response.usage;
}

const chatUsage = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_tokens_details: {
    cached_tokens: 50,
    cache_write_tokens: 8,
    audio_tokens: 30,
    cached_tokens_details: { text_tokens: 40, audio_tokens: 10 },
  },
  completion_tokens_details: { reasoning_tokens: 4, audio_tokens: 6 },
  cost: 0.5,
};
const chatRead: Usage = {
  promptTokens: 100,
  completionTokens: 20,
  cachedTokens: 50,
  cacheWriteTokens: 8,
  reasoningTokens: 4,
  billing: { inputAudioTokens: 30, cachedAudioTokens: 10, outputAudioTokens: 6, tier: "flex", reportedCostUsd: 0.5 },
};
const responseUsage = {
  input_tokens: 100,
  output_tokens: 20,
  total_tokens: 120,
  input_tokens_details: { cached_tokens: 50, cache_write_tokens: 8 },
  output_tokens_details: { reasoning_tokens: 4 },
};
const responseRead: Usage = { ...chatRead, billing: { tier: "batch" } };
const messageUsage = {
  input_tokens: 42,
  cache_read_input_tokens: 50,
  cache_creation_input_tokens: 8,
  cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 5 },
  output_tokens: 1,
  service_tier: "batch",
};
const messageRead: Usage = { ...chatRead, billing: { hourCacheWriteTokens: 5, tier: "batch" } };

describe("how an answer is billed", () => {
  const response = { status: "completed", output: [], service_tier: "batch", usage: responseUsage };
  const thinking = { output_tokens: 20, output_tokens_details: { thinking_tokens: 4 } };

  it.each<[path: string, body: object, usage: Usage]>([
    ["/v1/chat/completions", { choices: [], service_tier: "flex", usage: chatUsage }, chatRead],
    ["/v1/completions", { choices: [], service_tier: "flex", usage: chatUsage }, chatRead],
    ["/v1/responses", response, responseRead],
    ["/v1/messages", { content: [], usage: { ...messageUsage, ...thinking } }, messageRead],
    [
      "/v1/embeddings",
      { data: [], usage: { prompt_tokens: 8, total_tokens: 8, estimated_cost: 0.25 } },
      {
        promptTokens: 8,
        completionTokens: 0,
        cachedTokens: 0,
        cacheWriteTokens: 0,
        reasoningTokens: 0,
        billing: { reportedCostUsd: 0.25 },
      },
    ],
  ])("is read of %s", (path, body, usage) => {
    expect(protocolOf(path).readUsage(body)).toEqual(usage);
  });

  it.each<[path: string, events: string, usage: Usage]>([
    [
      "/v1/chat/completions",
      chat([
        piece({ content: "Hi" }, { service_tier: "flex" }, "stop"),
        { ...chunkHead, service_tier: "flex", choices: [], usage: chatUsage },
      ]),
      chatRead,
    ],
    [
      "/v1/responses",
      typed([
        { type: "response.created", response: {} },
        { type: "response.completed", response },
      ]),
      responseRead,
    ],
    [
      "/v1/messages",
      typed([
        { type: "message_start", message: { type: "message", role: "assistant", content: [], usage: messageUsage } },
        { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: thinking },
        { type: "message_stop" },
      ]),
      messageRead,
    ],
  ])("is read of a stream of %s", (path, events, usage) => {
    expect(streamedUsage(path, events)).toEqual(usage);
  });

  it("is not there where tokens say it all", () => {
    const plain = { prompt_tokens: 1, completion_tokens: 1, prompt_tokens_details: { audio_tokens: 0 } };
    for (const tier of [undefined, null, "default", "auto", "on_demand", "standard"])
      expect(protocolOf("/v1/chat/completions").readUsage({ service_tier: tier, usage: plain })).not.toHaveProperty("billing");
  });

  it.each<[string, object, Billing | undefined]>([
    ["OpenRouter", { cost: 0 }, { reportedCostUsd: 0 }],
    [
      "OpenRouter, with a key of the user's own",
      { cost: 0.1, is_byok: true, cost_details: { upstream_inference_cost: 0.2 } },
      { reportedCostUsd: 0.3 },
    ],
    ["OpenRouter, where the vendor's part is not told", { cost: 0.1, is_byok: true, cost_details: null }, undefined],
    ["Perplexity", { cost: { input_tokens_cost: 0.1, total_cost: 0.4 } }, { reportedCostUsd: 0.4 }],
    ["xAI", { cost_in_usd_ticks: 37_756_000 }, { reportedCostUsd: 0.003_775_6 }],
    ["DeepInfra", { estimated_cost: 0.2 }, { reportedCostUsd: 0.2 }],
    ["a server that writes nonsense", { cost: -1, cost_in_usd_ticks: "9", estimated_cost: 1e300 }, undefined],
  ])("may be reported: %s", (_, usage, billing) => {
    expect(readBilling({ usage })).toEqual(billing);
  });

  it("is never less than nothing or more than sums can hold, whatever a server writes", () => {
    const anything = oneof(jsonValue(), double(), constantFrom("priority", "fast", Infinity, -0.1));
    const usage = record({ cost: anything, is_byok: anything, cost_in_usd_ticks: anything, estimated_cost: anything });
    const details = record({ audio_tokens: anything, cached_tokens_details: record({ audio_tokens: anything }) });
    assert(
      property(usage, details, anything, (used, inputDetails, tier) => {
        const billing = readBilling({ usage: used, inputDetails, outputDetails: inputDetails, tier });
        const { tier: read, ...amounts } = billing ?? {};
        expect(["batch", "flex", "priority", undefined]).toContain(read);
        for (const amount of Object.values(amounts)) expect(amount >= 0 && amount <= Number.MAX_SAFE_INTEGER).toBe(true);
        expect(billing?.reportedCostUsd ?? 0).toBeLessThanOrEqual(1_000_000);
      }),
    );
  });
});
