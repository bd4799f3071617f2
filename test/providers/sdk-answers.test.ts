import { Anthropic } from "@anthropic-ai/sdk";
import { LLMock } from "@copilotkit/aimock";
import { OpenAI } from "openai";
import { afterAll, describe, expect, it } from "vitest";
import type { Attempt } from "../../src/model/attempt.ts";
import { count, member } from "../../src/providers/json-value.ts";
import { createHttpProvider } from "../../src/providers/provider.ts";
import { requestOf } from "../contracts/provider.ts";
import { type Reply, startScriptedServer } from "../support/scripted-server.ts";
import { chat, piece, type StreamedEvent, typed } from "./recorded-streams.ts";
import { type WireRecording, wireRecordings } from "./wire-recordings.ts";

/**
 * The same bytes, read by the vendors' own clients and by us, have to be the same answer.
 *
 * What the clients add to what they received is left out: what they parsed for a schema that was given (`parsed`, `parsed_arguments`,
 * `output_parsed`, `parsed_output`), the texts of a response in one (`output_text`), and the filler of the last chunk, which OpenAI's
 * takes for a member of the answer (`obfuscation`). Where a stream says nothing of a refusal, OpenAI's adds that there is none (null),
 * so that nulls there are left out on both sides. Their `_request_id` is not enumerable.
 */
const addedByClients = new Set(["parsed", "parsed_arguments", "output_parsed", "parsed_output", "output_text", "obfuscation"]);

let reply: Reply = {};
const server = await startScriptedServer(() => reply);
const openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: server.url, apiKey: "none", maxRetries: 0 });
const provider = createHttpProvider({ name: "test", baseUrl: server.url });
const { signal } = new AbortController();
const recordings = [...wireRecordings, ...(await recordAimock())];

afterAll(async () => {
  await provider.close();
  await server.close();
});

describe.each(recordings)("$path: $name", (recording) => {
  it("is put together as the client does", async () => {
    reply = streamed(recording.events);
    expect(bodyOf(await readByUs(recording))).toEqual(await streamedToClient(recording.path));
  });

  it("is, put together, what the client takes for the answer in one piece", async () => {
    reply = streamed(recording.events);
    const [ours, theirs] = [await readByUs(recording), await streamedToClient(recording.path)];
    reply = { body: bodyOf(ours) };
    expect(await sentToClient(recording.path)).toEqual(theirs);
    expect(bodyOf(await readByUs(recording))).toEqual(bodyOf(ours));
  });

  it("costs what the client says", async () => {
    reply = streamed(recording.events);
    const attempt = await readByUs(recording);
    expect(attempt.ok && attempt.answer.usage).toEqual(usageOf(await streamedToClient(recording.path)));
  });

  it("is never whole for us where it is not for the client, after whichever event it was cut", async () => {
    for (const text of beginnings(recording.events)) {
      reply = streamed(text);
      const ours = await readByUs(recording);
      const whole = ours.ok ? withoutUsage(await streamedToClient(recording.path)) : "incomplete_stream";
      expect(ours.ok ? withoutUsage(bodyOf(ours)) : ours.failure.kind, text).toEqual(whole);
    }
  });
});

describe("an answer in one piece", () => {
  const usage = { prompt_tokens: 8, total_tokens: 8 };
  it.each<[path: string, body: object]>([
    [
      "/v1/embeddings",
      { object: "list", data: [{ object: "embedding", index: 0, embedding: [0.25, -1e-7] }], model: "m", usage },
    ],
    [
      "/v1/completions",
      {
        id: "cmpl-1",
        object: "text_completion",
        created: 1,
        model: "m",
        choices: [{ index: 0, text: "é\u2028", logprobs: null, finish_reason: "length" }],
        usage: { ...usage, completion_tokens: 0 },
      },
    ],
  ])("of %s is what the client receives", async (path, body) => {
    reply = { body };
    const attempt = await readByUs({ path, request: {} });
    const theirs = await sentToClient(path);
    expect(bodyOf(attempt)).toEqual(theirs);
    expect(theirs).toEqual(body);
    expect(attempt.ok && attempt.answer.usage).toEqual(usageOf(theirs));
  });
});

describe("a stream that reports an error, after a 200 and half an answer", () => {
  const broken: readonly [path: string, event: string, kind: string, retryable: boolean][] = [
    [
      "/v1/chat/completions",
      'data: {"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}',
      "rate_limit",
      true,
    ],
    ["/v1/chat/completions", 'event: error\ndata: {"message":"it broke","type":"server_error"}', "server_error", true],
    // OpenRouter's: the error beside a choice that says so too.
    [
      "/v1/chat/completions",
      'data: {"id":"c","error":{"code":502,"message":"Provider disconnected"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}',
      "server_error",
      true,
    ],
    [
      "/v1/chat/completions",
      'data: {"error":{"code":403,"message":"flagged","metadata":{"flagged_input":"x"}}}',
      "content_filter",
      false,
    ],
    [
      "/v1/messages",
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
      "overloaded",
      true,
    ],
    [
      "/v1/messages",
      'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"Internal"}}',
      "server_error",
      true,
    ],
    [
      "/v1/messages",
      'event: error\ndata: {"type":"error","error":{"type":"timeout_error","message":"Timed out"}}',
      "timeout",
      true,
    ],
    [
      "/v1/messages",
      'event: error\ndata: {"type":"error","error":{"type":"invalid_request_error","message":"No"}}',
      "invalid_request",
      false,
    ],
    [
      "/v1/responses",
      'event: error\ndata: {"type":"error","code":"rate_limit_exceeded","message":"slow down"}',
      "rate_limit",
      true,
    ],
    [
      "/v1/responses",
      'event: error\ndata: {"type":"error","error":{"type":"server_error","code":"server_error","message":"it broke"}}',
      "server_error",
      true,
    ],
  ];

  it.each(broken)("fails for the client and for us: %s %s", async (path, event, kind, retryable) => {
    const recording = recordings.find((candidate) => candidate.path === path);
    if (recording === undefined) throw new Error(path);
    const half = [...beginnings(recording.events)][4] ?? "";
    reply = streamed(`${half}${event}\n\n`);
    await expect(streamedToClient(path)).rejects.toBeDefined(); // with an error, or with the event itself
    expect(await readByUs(recording)).toMatchObject({ ok: false, failure: { kind, retryable, statusCode: 200 } });
  });
});

describe("what differs on purpose", () => {
  it("is that pieces of members which OpenAI does not know are put together; its client keeps the last", async () => {
    reply = streamed(
      chat([
        piece({ role: "assistant", content: "", reasoning_content: "Hm" }),
        piece({ reasoning_content: "m." }),
        piece({}, {}, "stop"),
      ]),
    );
    const ours = bodyOf(await readByUs(chatRequest));
    expect(ours).toMatchObject({ choices: [{ message: { reasoning_content: "Hmm." } }] });
    expect(await streamedToClient("/v1/chat/completions")).toMatchObject({ choices: [{ message: { reasoning_content: "m." } }] });
  });

  it("is that Groq's usage counts, wherever it stands", async () => {
    reply = streamed(
      chat([
        piece({ role: "assistant", content: "Hi" }),
        piece({}, { x_groq: { usage: { prompt_tokens: 3, completion_tokens: 1 } } }, "stop"),
      ]),
    );
    expect(await readByUs(chatRequest)).toMatchObject({ answer: { usage: { promptTokens: 3, completionTokens: 1 } } });
    expect(await streamedToClient("/v1/chat/completions")).not.toHaveProperty("usage");
  });

  it("is that a tool's input which broke off is kept as a text; Anthropic's client drops it", async () => {
    const events: StreamedEvent[] = [
      {
        type: "message_start",
        message: { id: "m", type: "message", role: "assistant", content: [], usage: { input_tokens: 1 } },
      },
      { type: "content_block_start", index: 0, content_block: { type: "tool_use", id: "t", name: "f", input: {} } },
      { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: '{"city": "Ro' } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "max_tokens" }, usage: { output_tokens: 9 } },
      { type: "message_stop" },
    ];
    reply = streamed(typed(events));
    const ours = bodyOf(await readByUs({ path: "/v1/messages", request: {} }));
    expect(ours).toMatchObject({ content: [{ input: '{"city": "Ro' }] });
    expect(await streamedToClient("/v1/messages")).toHaveProperty("content.0.input", {});
  });

  it("is that a response which failed is no answer; OpenAI's client leaves that to its user", async () => {
    const error = { code: "server_error", message: "it broke" };
    const response = { id: "resp_1", object: "response", output: [] };
    reply = streamed(
      typed([
        { type: "response.created", response: { ...response, status: "in_progress" } },
        { type: "response.failed", response: { ...response, status: "failed", error } },
      ]),
    );
    expect(await readByUs({ path: "/v1/responses", request: {} })).toMatchObject({
      ok: false,
      failure: { kind: "server_error" },
    });
    expect(await streamedToClient("/v1/responses")).toMatchObject({ status: "failed", error });
  });
});

const chatRequest = { path: "/v1/chat/completions", request: {} };

/** What a server that somebody else wrote streams: a text, a thought and two tool calls. */
async function recordAimock(): Promise<WireRecording[]> {
  const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, input_tokens: 11, output_tokens: 7 };
  const call = { id: "call_1", name: "weather", arguments: '{"city":"Rome","days":3}' };
  const mock = await LLMock.create({ port: 0, logLevel: "silent" });
  mock.onMessage("text", { content: "Grüße, 日本 😀!", usage }, { chunkSize: 2 });
  mock.onMessage("tools", { content: "Let me look.", toolCalls: [call, { ...call, id: "call_2" }], usage }, { chunkSize: 3 });
  const found: WireRecording[] = [];
  for (const name of ["text", "tools"]) {
    const messages = [{ role: "user", content: name }];
    const requests: [path: string, request: object][] = [
      ["/v1/chat/completions", { model: "gpt-x", messages, stream: true, stream_options: { include_usage: true } }],
      ["/v1/responses", { model: "gpt-x", input: name, stream: true }],
      ["/v1/messages", { model: "claude-x", max_tokens: 50, messages, stream: true }],
    ];
    for (const [path, request] of requests) {
      const answer = await fetch(mock.url + path, { method: "POST", body: JSON.stringify(request) });
      found.push({ name: `aimock's ${name}`, path, request, events: await answer.text() });
    }
  }
  await mock.stop();
  return found;
}

function streamed(events: string): Reply {
  return { headers: { "content-type": "text/event-stream" }, body: events };
}

async function readByUs({ path, request }: Pick<WireRecording, "path" | "request">): Promise<Attempt> {
  return provider.send(requestOf(JSON.stringify(request), path), { signal });
}

async function streamedToClient(path: string): Promise<unknown> {
  if (path === "/v1/chat/completions") return received(await openai.chat.completions.stream(askChat).finalChatCompletion());
  if (path === "/v1/responses") return received(await openai.responses.stream(askResponses).finalResponse());
  if (path === "/v1/completions") return joined(await openai.completions.create({ ...askCompletions, stream: true }));
  return received(await anthropic.messages.stream(askMessages).finalMessage());
}

async function sentToClient(path: string): Promise<unknown> {
  if (path === "/v1/chat/completions") return received(await openai.chat.completions.create(askChat));
  if (path === "/v1/responses") return received(await openai.responses.create(askResponses));
  if (path === "/v1/completions") return received(await openai.completions.create(askCompletions));
  if (path === "/v1/embeddings") return received(await openai.embeddings.create(askEmbeddings));
  return received(await anthropic.messages.create(askMessages));
}

const askChat = { model: "m", messages: [] };
const askResponses = { model: "m", input: "Hi" };
const askCompletions = { model: "m", prompt: "Hi" };
const askEmbeddings = { model: "m", input: "Hi", encoding_format: "float" } as const;
const askMessages = { model: "m", max_tokens: 1, messages: [] };

/** Completions have no helper that puts them together; what the client made of the chunks is joined here. */
async function joined(chunks: AsyncIterable<OpenAI.Completion>): Promise<unknown> {
  const whole: OpenAI.Completion[] = [];
  for await (const chunk of chunks) whole.push(chunk);
  const pieces = whole.flatMap(({ choices }) => choices);
  const choices = [...new Set(pieces.map(({ index }) => index))].toSorted().map((index) => {
    const own = pieces.filter((candidate) => candidate.index === index);
    return Object.assign({}, ...own, { text: own.map(({ text }) => text).join("") });
  });
  return received(Object.assign({}, ...whole, { choices }));
}

/** What a client received, without what it added. */
function received(answer: unknown): unknown {
  return rewritten(answer, (key) => addedByClients.has(key));
}

function bodyOf(attempt: Attempt): unknown {
  return attempt.ok ? rewritten(JSON.parse(attempt.answer.body)) : attempt.failure;
}

function rewritten(value: unknown, isLeftOut = (_key: string): boolean => false): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => (isLeftOut(key) || (key === "refusal" && inner === null) ? undefined : inner)),
  );
}

/** By the names of each API, from the client's answer. */
function usageOf(answer: unknown): object {
  const usage = member(answer, "usage");
  const sum = (...paths: string[]): number =>
    paths.reduce((total, path) => total + count(path.split(".").reduce(member, usage)), 0);
  return {
    promptTokens: sum("prompt_tokens", "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    completionTokens: sum("completion_tokens", "output_tokens"),
    cachedTokens: sum("prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens", "cache_read_input_tokens"),
    reasoningTokens: sum(
      "completion_tokens_details.reasoning_tokens",
      "output_tokens_details.reasoning_tokens",
      "output_tokens_details.thinking_tokens",
    ),
  };
}

/** All that a stream is after each of its events. */
function beginnings(events: string): string[] {
  const ends = [...events.matchAll(/(?:\r\n|\n){2}/g)].map((end) => end.index + end[0].length);
  return ends.map((end) => events.slice(0, end));
}

/** It comes after the last choice has ended, and may be missing. */
function withoutUsage(body: unknown): unknown {
  return rewritten(body, (key) => key === "usage");
}
