import { describe, expect, it } from "vitest";
import { WorstCases } from "../../../src/manager/money/worst-case.ts";
import { demandOf } from "../../../src/model/demand.ts";
import type { BatchRequest } from "../../../src/model/request.ts";
import type { Spending } from "../../../src/manager/money/account.ts";
import { createProvider, createRoutedProvider, RouteTarget } from "../../../src/providers/providers.ts";
import { priceBook } from "../../support/price-book.ts";

const prices = priceBook(
  {
    plain: { input: 1, output: 10 },
    dear: { input: 3, output: 20 },
    writing: { input: 1, output: 10, cacheWrite: 1.25, hourCacheWrite: 2 },
    thinking: { input: 1, output: 10, reasoning: 15 },
    hurried: { input: 1, output: 10, priorityFactor: 2 },
    hearing: { input: 1, output: 10, inputAudio: 40 },
    wide: { input: 1, output: 10 },
  },
  { wide: 1_000_000, narrow: 300 },
);

function requestOf(body: object, path = "/v1/chat/completions"): BatchRequest {
  const whole = { model: "plain", ...body };
  return { kind: "request", lineNumber: 1, customId: "a", path, model: whole.model, body: JSON.stringify(whole) };
}

const provider = createProvider("openai", { baseUrl: "http://127.0.0.1:9/v1", apiKey: "k" });

function worstOf(request: BatchRequest, isPriced = true): Spending | string {
  return new WorstCases({ provider, prices, isPriced }).of(request, demandOf(provider, provider.estimate(request)));
}

/** Tokens of the request at most, where the answer has none. */
function inputOf(body: object, model = "plain"): number | string {
  const worst = worstOf(requestOf({ model, ...body, max_tokens: 0 }), false);
  return typeof worst === "string" ? worst : worst.tokens;
}

function userSays(...content: readonly object[]): object {
  return { messages: [{ role: "user", content }] };
}

const text = { messages: [{ role: "user", content: "Hi" }] };
const bytesOf = (body: object): number => Buffer.byteLength(JSON.stringify(body));

describe("the worst case of a request", () => {
  it("is a token for each byte of its body, a hundred more, and the answer's limit", () => {
    const body = { model: "plain", messages: [{ role: "user", content: "日本語 \n 🎉" }], max_tokens: 50 };
    const tokens = bytesOf(body) + 100;
    expect(worstOf(requestOf(body))).toEqual({ tokens: tokens + 50, costUsd: (tokens * 1 + 50 * 10) / 1e6 });
  });

  it.each<[name: string, body: object, path: string, tokens: number]>([
    ["each choice", { ...text, max_completion_tokens: 50, n: 3 }, "/v1/chat/completions", 150],
    ["the larger limit", { ...text, max_completion_tokens: 50, max_tokens: 70 }, "/v1/chat/completions", 70],
    [
      "each prompt, and each answer to choose from",
      { prompt: ["a", "b"], max_tokens: 50, n: 2, best_of: 4 },
      "/v1/completions",
      400,
    ],
    ["Responses", { input: "a", max_output_tokens: 50 }, "/v1/responses", 50],
    ["no answer of embeddings", { input: "a" }, "/v1/embeddings", 0],
  ])("counts %s", (_name, body, path, tokens) => {
    const whole = { model: "plain", ...body };
    expect(worstOf(requestOf(body, path))).toMatchObject({ tokens: bytesOf(whole) + 100 + tokens });
  });

  it.each([
    ["writing", 2, 10],
    ["thinking", 1, 15],
    ["hurried", 2, 20],
  ])("takes the dearest way to bill the model %s", (model, input, output) => {
    const body = { model, ...text, max_tokens: 1000 };
    const worst = ((bytesOf(body) + 100) * input + 1000 * output) / 1e6;
    expect(worstOf(requestOf(body))).toMatchObject({ costUsd: expect.closeTo(worst, 12) });
  });

  it("is not of a tier that the request does not take", () => {
    const body = { model: "hurried", ...text, max_tokens: 1000, service_tier: "flex" };
    expect(worstOf(requestOf(body))).toMatchObject({ costUsd: expect.closeTo((bytesOf(body) + 100 + 10_000) / 1e6, 12) });
  });

  it("is at the price of sound where there is sound", () => {
    const data = "A".repeat(2_000);
    const body = { model: "hearing", ...userSays({ type: "input_audio", input_audio: { data } }), max_tokens: 0 };
    expect(worstOf(requestOf(body))).toMatchObject({
      costUsd: expect.closeTo(((bytesOf(body) - 2_000 + 100 + 100) * 40) / 1e6, 12),
    });
    expect(worstOf(requestOf({ model: "hearing", ...text, max_tokens: 0 }))).toMatchObject({ costUsd: expect.closeTo(0, 3) });
  });

  it("is bounded by the context window where the body sets no limit, for each choice", () => {
    const body = { model: "wide", ...text, n: 2 };
    expect(worstOf(requestOf(body))).toMatchObject({ tokens: bytesOf(body) + 100 + 2_000_000 });
  });

  it("counts images by the piece, whatever their bytes", () => {
    const url = `data:image/png;base64,${"A".repeat(100_000)}`;
    const without = inputOf(userSays({ type: "image_url", image_url: { url: "" } }));
    expect(without).toBeGreaterThan(17_000);
    for (const part of [
      { type: "image_url", image_url: { url } },
      { type: "image_url", image_url: { url: "https://example.com/a-picture.png" } },
    ])
      expect(inputOf(userSays(part))).toBe(without);
    const source = { type: "base64", media_type: "image/png", data: "A".repeat(100_000) };
    expect(inputOf(userSays({ type: "tool_result", content: [{ type: "image", source }] }))).toBeLessThan(18_000);
    expect(inputOf({ ...userSays({ type: "image_url", image_url: { url } }), model: "gpt-4o-mini" })).toBeGreaterThan(48_169);
  });

  it("counts what only looks like an image as text", () => {
    const long = "ACGT".repeat(10_000);
    expect(inputOf(userSays({ type: "text", text: long }))).toBeGreaterThan(40_000);
    expect(inputOf(userSays({ type: "text", text: `data:image/png;base64,${long}` }))).toBeGreaterThan(40_000);
  });

  it("leaves room for what tools add", () => {
    const tools = [{ type: "function", function: { name: "f" } }];
    expect(inputOf({ ...text, tools })).toBe(Number(inputOf({ ...text, tools: [] })) + bytesOf(tools) - 2 + 1_000);
    const own = [{ type: "bash_20250124", name: "bash" }];
    expect(inputOf({ ...text, tools: own })).toBe(Number(inputOf({ ...text, tools: [] })) + bytesOf(own) - 2 + 2_000);
  });

  const file = userSays({ type: "file", file: { file_data: "data:application/pdf;base64,AAAA" } });
  it.each<[name: string, body: object]>([
    ["a file", file],
    ["a document", userSays({ type: "document", source: { type: "base64", media_type: "application/pdf", data: "AAAA" } })],
    ["a file in the place of an image", userSays({ type: "image_url", image_url: { url: "data:application/pdf;base64,AA" } })],
    ["an earlier response", { input: "a", previous_response_id: "resp_1" }],
    ["a stored prompt", { prompt: { id: "pmpt_1" } }],
  ])("is the context window where the request has %s, and unknown where that is", (_name, body) => {
    expect(inputOf(body, "wide")).toBe(1_000_000);
    expect(inputOf(body)).toMatch(/a part of the request is not text of its body.*"plain" \(openai\) holds in context_windows/);
  });

  it("counts a document of text as text", () => {
    const source = { type: "text", media_type: "text/plain", data: "A".repeat(1_000) };
    expect(inputOf(userSays({ type: "document", source }))).toBeLessThan(1_400);
  });

  it.each<[name: string, more: object]>([
    ["web_search", { tools: [{ type: "web_search" }] }],
    ["code_execution_20250825", { tools: [{ type: "code_execution_20250825", name: "code_execution" }] }],
    ["web_search_options", { web_search_options: {} }],
    ["mcp_servers", { mcp_servers: [{ url: "https://example.com" }] }],
  ])("is unknown where the provider runs %s", (tool, more) => {
    expect(inputOf({ ...text, ...more }, "wide")).toMatch(`"${tool}" is run by the provider`);
  });

  it("is unknown without a price, or without a limit, and says what to do", () => {
    expect(worstOf(requestOf({ ...text, model: "other", max_tokens: 5 }))).toMatch(
      /the price of "other" \(openai\) is not known.*--prices FILE/,
    );
    expect(worstOf(requestOf({ ...text, model: "other", max_tokens: 5 }), false)).toMatchObject({ costUsd: 0 });
    expect(worstOf(requestOf(text))).toMatch(/nothing bounds the answer of "plain" \(openai\): set max_tokens in the body, or/);
    expect(worstOf(requestOf({ input: "a" }, "/v1/responses"))).toMatch("set max_output_tokens in the body");
    expect(worstOf({ ...requestOf(text), body: '{"max_tokens":1e400}' })).toMatch("nothing bounds the answer");
  });

  it("is that of the dearest target, with its name of the model and what is set for it", () => {
    const [cheap, dear] = [new RouteTarget("cheap", provider), new RouteTarget("dear", provider)];
    const defaults = new Map([["max_tokens", "100"]]);
    const steps = [
      { target: cheap, model: "plain", rank: 0, weight: 1, defaults },
      { target: dear, model: "dear", rank: 1, weight: 1, defaults },
    ];
    const options = { name: "routed", targets: [cheap, dear], onEvicted: () => {} };
    const routed = createRoutedProvider({ ...options, routeOf: () => steps });
    const request = requestOf({ model: "alias", ...text });
    const worst = new WorstCases({ provider: routed, prices, isPriced: true }).of(
      request,
      routed.route?.(request, new Set()) ?? { model: "", candidates: [] },
    );
    const bytes = bytesOf({ max_tokens: 100, model: "dear", ...text }) + 100;
    expect(worst).toEqual({ tokens: bytes + 101, costUsd: expect.closeTo((bytes * 3 + 100 * 20) / 1e6, 12) });
  });
});
