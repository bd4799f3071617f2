import { afterAll, describe, expect, it } from "vitest";
import type { Attempt } from "../../../src/model/attempt.ts";
import { createHttpProvider } from "../../../src/providers/providers.ts";
import { requestOf } from "../../contracts/provider.ts";
import { type Reply, startScriptedServer, streamed } from "../../support/scripted-server.ts";
import { recordAimock } from "./aimock-recordings.ts";
import { beginnings, bodyOf, createSdkReaders, usageOf, withoutUsage } from "./sdk-answers.ts";
import { chat, piece, type StreamedEvent, typed } from "./stream-pieces.ts";
import type { WireRecording } from "./wire-recording.ts";
import { wireRecordings } from "./wire-recordings.ts";

/**
 * The same bytes, read by the vendors' own clients and by us, have to be the same answer. What is left out of the comparison is named
 * in `sdk-answers.ts`.
 */
let reply: Reply = {};
const server = await startScriptedServer(() => reply);
const { streamedToClient, sentToClient } = createSdkReaders(server.url);
const provider = createHttpProvider({ name: "test", baseUrl: server.url });
const { signal } = new AbortController();
const recordings = [...wireRecordings, ...(await recordAimock())];
const chatRequest = { path: "/v1/chat/completions", request: {} };

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
    expect(attempt.ok && attempt.response.usage).toEqual(usageOf(await streamedToClient(recording.path)));
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
    expect(attempt.ok && attempt.response.usage).toEqual(usageOf(theirs));
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
    expect(await readByUs(chatRequest)).toMatchObject({ response: { usage: { promptTokens: 3, completionTokens: 1 } } });
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

async function readByUs({ path, request }: Pick<WireRecording, "path" | "request">): Promise<Attempt> {
  return provider.send(requestOf(JSON.stringify(request), path), { signal });
}
