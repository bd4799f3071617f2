import { describe, expect, it } from "vitest";
import { rulesFor, sanitize, sanitizingRules } from "../../src/sanitizing/sanitizing.ts";

const openai = "https://api.openai.com/v1";
const azure = "https://mine.openai.azure.com/openai/v1";
const anthropic = "https://api.anthropic.com";
const chat = "/v1/chat/completions";

/** What is changed of a body, and what is left. */
function changed(baseUrl: string | undefined, path: string, body: string): { changes: string[]; body: string } | undefined {
  const model = String(JSON.parse(body).model);
  const found = sanitize(path, body, rulesFor({ baseUrl, model }));
  return found && { changes: found.sanitizings.flatMap(({ changes }) => changes), body: found.body };
}

function changesOf(baseUrl: string, path: string, body: object): string[] {
  return changed(baseUrl, path, JSON.stringify(body))?.changes ?? [];
}

describe("what models are known to refuse", () => {
  it.each([
    ["o1", ["temperature", "logit_bias"]],
    ["o3-mini", ["temperature", "logit_bias"]],
    ["gpt-5", ["temperature", "logit_bias"]],
    ["gpt-5-mini-2025-08-07", ["temperature", "logit_bias"]],
    ["gpt-5.1-codex-mini", ["temperature", "logit_bias"]],
    ["gpt-5.2-chat-latest", ["temperature", "logit_bias"]],
    ["ft:o4-mini:acme::x", ["temperature", "logit_bias"]],
    ["gpt-5.5", ["temperature"]],
    ["gpt-5.6-luna", ["temperature"]],
    ["gpt-6.1-terra", ["temperature"]],
    ["gpt-4o-search-preview", ["temperature"]],
    ["gpt-5-chat-latest", []],
    ["gpt-5.2", []],
    ["gpt-5.4-mini", []],
    ["gpt-4.1", []],
    ["gpt-35-turbo", []],
    ["gpt-oss-120b", []],
    ["o3js-model", []],
  ])("of sampling: %s at OpenAI and Azure", (model, changes) => {
    const body = { model, temperature: 0.2, logit_bias: { 1: 2 }, messages: [] };
    expect(changesOf(openai, chat, body)).toEqual(changes);
    expect(changesOf(azure, chat, body)).toEqual(changes);
    expect(changesOf("http://127.0.0.1:8000/v1", chat, body)).toEqual([]);
    expect(changesOf("https://openai.com.evil.test/v1", chat, body)).toEqual([]);
  });

  it("of sampling depends on how much the model is to reason", () => {
    const sampling = { temperature: 0.2, top_p: 0.5 };
    const asked = { ...sampling, reasoning_effort: "low" };
    expect(changesOf(openai, chat, { model: "gpt-5.2", ...asked })).toEqual(["temperature", "top_p"]);
    expect(changesOf(openai, chat, { model: "gpt-5.2", ...sampling, reasoning_effort: "none" })).toEqual([]);
    expect(changesOf(openai, chat, { model: "gpt-5.6", ...sampling, reasoning_effort: "none" })).toEqual([]);
    expect(changesOf(openai, "/v1/responses", { model: "gpt-5.2", ...sampling, reasoning: { effort: "high" } })).toEqual([
      "temperature",
      "top_p",
    ]);
    expect(changesOf(openai, "/v1/responses", { model: "gpt-5.6", ...sampling, reasoning: { effort: "none" } })).toEqual([]);
  });

  it("are not the values that are accepted all the same, and not null", () => {
    expect(changesOf(openai, chat, { model: "gpt-5", temperature: 1, top_p: 1, presence_penalty: 0, logprobs: false })).toEqual(
      [],
    );
    expect(changesOf(openai, chat, { model: "gpt-5", temperature: null, stop: null, max_tokens: null })).toEqual([]);
    expect(changesOf("https://api.groq.com/openai/v1", chat, { model: "x", n: 1 })).toEqual([]);
    expect(changesOf("https://api.groq.com/openai/v1", chat, { model: "x", n: 2, logprobs: true })).toEqual(["n", "logprobs"]);
  });

  it("are taken out of the text, and all else stays byte for byte", () => {
    const body = '{ "model": "gpt-5", "temperature": 0.0,"seed":9223372036854775807, "x":1.0, "temperature":1 ,"messages":[] }';
    expect(changed(openai, chat, body)).toBeUndefined();
    expect(changed(openai, chat, body.replace('"temperature":1 ', '"temperature":2 '))).toEqual({
      changes: ["temperature"],
      body: '{ "model": "gpt-5","seed":9223372036854775807, "x":1.0 ,"messages":[] }',
    });
  });

  it("gets another name, with its value as it is written", () => {
    const body = '{"model":"o3", "max_tokens": 1.5e3 ,"messages":[]}';
    expect(changed(openai, chat, body)).toEqual({
      changes: ["max_tokens -> max_completion_tokens"],
      body: '{"model":"o3", "max_completion_tokens":1.5e3 ,"messages":[]}',
    });
    const both = '{"model":"o3","max_tokens":5,"max_completion_tokens":9}';
    expect(changed(openai, chat, both)).toEqual({ changes: ["max_tokens"], body: '{"model":"o3","max_completion_tokens":9}' });
    const twice = '{"model":"o3","max_tokens":5,"max_tokens":7,"max_completion_tokens":null}';
    expect(changed(openai, chat, twice)?.body).toBe('{"model":"o3","max_completion_tokens":7}');
    expect(changesOf(openai, "/v1/responses", { model: "o3", max_tokens: 5 })).toEqual([]);
  });

  it("is added where it is missing: max_tokens of Messages, wherever they are asked", () => {
    const body = '{"model":"claude-haiku-4-5", "messages":[]}';
    const added = { changes: ["+max_tokens=4096"], body: '{"max_tokens":4096,"model":"claude-haiku-4-5", "messages":[]}' };
    expect(changed(anthropic, "/v1/messages", body)).toEqual(added);
    expect(changed(undefined, "/v1/messages", body)).toEqual(added);
    expect(changed(anthropic, "/v1/messages", body.replace("{", '{"max_tokens":1,'))).toBeUndefined();
  });

  it.each([
    ["claude-opus-4-7", ["temperature", "top_p"]],
    ["claude-opus-5", ["temperature", "top_p"]],
    ["claude-sonnet-5-5", ["temperature", "top_p"]],
    ["claude-fable-5-1", ["temperature", "top_p"]],
    ["claude-opus-4-1-20250805", ["top_p"]],
    ["claude-sonnet-4-5-20250929", ["top_p"]],
    ["claude-opus-4-6", ["top_p"]],
    ["claude-opus-4-20250514", []],
    ["claude-3-7-sonnet-latest", []],
  ])("of sampling: %s at Anthropic", (model, changes) => {
    const body = { model, max_tokens: 9, temperature: 0.2, top_p: 0.5, messages: [] };
    expect(changesOf(anthropic, "/v1/messages", body)).toEqual(changes);
    expect(changesOf(anthropic, "/v1/messages", { ...body, temperature: 1, top_p: undefined })).toEqual([]);
  });

  it("depends on the stream: stream_options", () => {
    const body = { model: "gpt-4.1", stream_options: { include_usage: true }, messages: [] };
    expect(changesOf(openai, chat, body)).toEqual(["stream_options"]);
    expect(changesOf(openai, chat, { ...body, stream: true })).toEqual([]);
    expect(changesOf("https://api.mistral.ai/v1", chat, { ...body, stream: true })).toEqual(["stream_options"]);
  });

  it("is known of xAI, Gemini and DeepSeek", () => {
    const penalties = { presence_penalty: 0.5, frequency_penalty: 0.5, stop: ["a"] };
    expect(changesOf("https://api.x.ai/v1", chat, { model: "grok-4.5", ...penalties })).toEqual([
      "presence_penalty",
      "frequency_penalty",
      "stop",
    ]);
    expect(changesOf("https://api.x.ai/v1", chat, { model: "grok-3", ...penalties })).toEqual(["presence_penalty"]);
    const gemini = "https://generativelanguage.googleapis.com/v1beta/openai";
    expect(changesOf(gemini, chat, { model: "gemini-2.5-flash", ...penalties })).toEqual([
      "presence_penalty",
      "frequency_penalty",
    ]);
    expect(changesOf(gemini, chat, { model: "gemini-2.0-flash", ...penalties })).toEqual([]);
    expect(changesOf("https://api.deepseek.com/v1", chat, { model: "deepseek-reasoner", logprobs: true })).toEqual(["logprobs"]);
    expect(changesOf("https://api.deepseek.com/v1", chat, { model: "deepseek-chat", logprobs: true })).toEqual([]);
  });

  it("comes out the same when it is sanitized again", () => {
    const body = '{"model":"gpt-5","temperature":0.1,"max_tokens":5,"stop":"x","stream_options":{},"messages":[]}';
    const once = changed(openai, chat, body);
    expect(once?.changes).toEqual(["temperature", "max_tokens -> max_completion_tokens", "stop", "stream_options"]);
    expect(changed(openai, chat, once?.body ?? "")).toBeUndefined();
  });
});

describe("the rules", () => {
  it("have names of their own, a source and its day", () => {
    expect(new Set(sanitizingRules.map(({ name }) => name)).size).toBe(sanitizingRules.length);
    for (const { source, date, whose } of sanitizingRules) {
      expect(new URL(source).protocol).toBe("https:");
      expect(date).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(whose).not.toBe("");
    }
  });

  it("touch no transport option, no model and no content", () => {
    const touched = sanitizingRules.flatMap(({ change }) => ("drop" in change ? change.drop : Object.values(change).map(String)));
    for (const key of ["model", "messages", "input", "prompt", "system", "tools", "stream", "metadata"])
      expect(touched).not.toContain(key);
  });
});
