import { describe, expect, it } from "vitest";
import type { Protocol } from "../../../src/providers/protocol.ts";
import { anthropicMessages } from "../../../src/providers/protocols/anthropic-messages.ts";
import { openaiChat } from "../../../src/providers/protocols/openai-chat.ts";
import { openaiCompletions } from "../../../src/providers/protocols/openai-completions.ts";
import { openaiResponses } from "../../../src/providers/protocols/openai-responses.ts";
import { responseOf } from "../../contracts/protocol.ts";
import { readPieces } from "../../contracts/streaming.ts";
import { chat, choicePiece, piece, typed } from "../protocols/stream-pieces.ts";

/** An answer that ended for a reason: in one piece, and streamed. */
interface Ending {
  readonly protocol: Protocol;
  readonly whole: (reason: string) => object;
  readonly events: (reason: string) => string;
}

const endings: readonly Ending[] = [
  {
    protocol: openaiChat,
    whole: (reason) => ({ choices: [{ message: { content: "ok" }, finish_reason: "stop" }, { finish_reason: reason }] }),
    events: (reason) => chat([piece({ content: "half an" }), piece({}, {}, reason)]),
  },
  {
    protocol: openaiCompletions,
    whole: (reason) => ({ choices: [{ text: "half an", finish_reason: reason }] }),
    events: (reason) => chat([choicePiece(0, { text: "half an", finish_reason: reason })]),
  },
  {
    protocol: anthropicMessages,
    whole: (reason) => ({ content: [{ type: "text", text: "half an" }], stop_reason: reason }),
    events: (reason) =>
      typed([
        { type: "message_start", message: { content: [{ type: "text", text: "half an" }] } },
        { type: "message_delta", delta: { stop_reason: reason } },
        { type: "message_stop" },
      ]),
  },
  {
    protocol: openaiResponses,
    whole: (reason) => ({ status: "incomplete", incomplete_details: { reason }, output: [] }),
    events: (reason) =>
      typed([{ type: "response.incomplete", response: { status: "incomplete", incomplete_details: { reason }, output: [] } }]),
  },
];

describe.each(endings)("$protocol.path", ({ protocol, whole, events }) => {
  it.each(["abort", "error", "insufficient_system_resource", "network_error", "time_limit", "ERROR"])(
    "takes no answer that broke off for a whole one, streamed or not: %s",
    (reason) => {
      const failure = { kind: "server_error", retryable: true, statusCode: 200, message: expect.stringContaining(reason) };
      expect(protocol.readFailure(responseOf(200, whole(reason)))).toMatchObject(failure);
      expect(readPieces(protocol, {}, [Buffer.from(events(reason))])).toMatchObject({ ok: false, failure });
    },
  );

  it.each(["length", "content_filter", "max_tokens", "max_output_tokens"])("keeps one that ended by %s", (reason) => {
    expect(protocol.readFailure(responseOf(200, whole(reason)))).toBeUndefined();
    expect(readPieces(protocol, {}, [Buffer.from(events(reason))]).ok).toBe(true);
  });
});

describe("a response that is not finished", () => {
  it.each(["queued", "in_progress"])("is no answer, streamed or not: %s", (status) => {
    const response = { status, output: [] };
    const failure = { kind: "server_error", retryable: true };
    expect(openaiResponses.readFailure(responseOf(200, response))).toMatchObject(failure);
    expect(openaiResponses.readFailure(responseOf(200, { status }))).toMatchObject(failure);
    const events = typed([{ type: "response.completed", response }]);
    expect(readPieces(openaiResponses, {}, [Buffer.from(events)])).toMatchObject({ ok: false, failure });
  });

  it("is not asked for again, and paid again, where the request wanted it in the background", () => {
    const response = { status: "queued", background: true, output: [] };
    const failure = openaiResponses.readFailure(responseOf(200, response));
    expect(failure).toMatchObject({
      kind: "invalid_request",
      retryable: false,
      message: expect.stringContaining('"background"'),
    });
  });
});

it("a reason to end that is the text null is none: the stream was cut", () => {
  const events = chat([piece({ content: "half an" }, {}, "null")]);
  expect(readPieces(openaiChat, {}, [Buffer.from(events)])).toMatchObject({ ok: false, failure: { kind: "incomplete_stream" } });
});
