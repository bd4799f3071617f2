import { LLMock } from "@copilotkit/aimock";
import { onTestFinished } from "vitest";
import { chat, piece, typed } from "../providers/protocols/stream-pieces.ts";
import {
  cutBeforeHeaders,
  cutInBody,
  delayed,
  errorAnswer,
  rateLimited,
  type ReceivedCall,
  type Reply,
  type Script,
  streamed,
} from "../support/scripted-server.ts";

/** What {@link startAimock} answers to the topic "plain". */
export const plainAnswer = "Grüße, 日本 😀!\u2028 End.";

/** A server of another project, with an answer to each topic that the clients ask about. */
export async function startAimock(): Promise<LLMock> {
  const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, input_tokens: 11, output_tokens: 7 };
  const call = { id: "call_1", name: "weather", arguments: '{"city":"Rome","days":3}' };
  const mock = await LLMock.create({ port: 0, logLevel: "silent" });
  onTestFinished(() => mock.stop());
  mock.onMessage("plain", { content: plainAnswer, usage }, { chunkSize: 2 });
  mock.onMessage("image", { content: "A red pixel.", usage }, { chunkSize: 2 });
  mock.onMessage("schema", { content: '{"city":"Rome","days":3}', usage }, { chunkSize: 2 });
  mock.onMessage("reasoning", { content: "Rome.", reasoning: "Let me think about it.", usage }, { chunkSize: 2 });
  const toolCalls = [call, { ...call, id: "call_2" }];
  mock.onMessage("tools", { content: "Let me look.", toolCalls, usage }, { chunkSize: 3 });
  return mock;
}

/** The answer of our own mock. */
async function answerOf(mockUrl: string, { path, body }: ReceivedCall): Promise<Reply> {
  const answer = await fetch(mockUrl.replace(/\/v1$/, "") + path, { method: "POST", body });
  return { headers: { "content-type": answer.headers.get("content-type") ?? "" }, body: await answer.text() };
}

/**
 * A provider that does what the name of the model says: `once-500…` fails at the first request only, `never…` at each. What stands behind makes
 * one name for each client.
 */
export function faultyScript(mockUrl: string): Script {
  const seen = new Set<string>();
  return async (call) => {
    const model = String(Object(call.json()).model);
    const isFirst = !seen.has(model);
    seen.add(model);
    if (model.startsWith("never")) return errorAnswer(500, { message: "no GPU is free" });
    if (model.startsWith("cut")) return cutStream(call.path);
    if (!isFirst) return await answerOf(mockUrl, call);
    if (model.startsWith("once-429")) return rateLimited("1");
    if (model.startsWith("once-500")) return errorAnswer(500);
    if (model.startsWith("once-502")) return errorAnswer(502);
    if (model.startsWith("once-dead")) return cutBeforeHeaders();
    return model.startsWith("once-slow") ? delayed(2000, await answerOf(mockUrl, call)) : await answerOf(mockUrl, call);
  };
}

const head = { id: "cmpl-1", object: "text_completion", created: 1, model: "m" };
const words = Array.from({ length: 9 }, (_, at) => `word${at} `);
const message = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "m",
  content: [],
  usage: { input_tokens: 1, output_tokens: 1 },
};
const response = { id: "resp_1", object: "response", created_at: 1, model: "m", status: "in_progress", output: [] };
const item = { id: "msg_1", type: "message", role: "assistant", status: "in_progress", content: [] };
const part = { type: "output_text", text: "", annotations: [] };

/** Ten events each. */
const longStreams: Readonly<Record<string, string>> = {
  "/v1/chat/completions": chat([...words.map((content) => piece({ role: "assistant", content })), piece({}, {}, "stop")]),
  "/v1/completions": chat(words.map((text) => ({ ...head, choices: [{ index: 0, text, finish_reason: null, logprobs: null }] }))),
  "/v1/messages": typed([
    { type: "message_start", message },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...words.map((text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })),
  ]),
  "/v1/responses": typed([
    { type: "response.created", sequence_number: 0, response },
    { type: "response.output_item.added", sequence_number: 1, output_index: 0, item },
    { type: "response.content_part.added", sequence_number: 2, item_id: "msg_1", output_index: 0, content_index: 0, part },
    ...words.map((delta, at) => ({
      type: "response.output_text.delta",
      sequence_number: 3 + at,
      item_id: "msg_1",
      output_index: 0,
      content_index: 0,
      delta,
      logprobs: [],
    })),
  ]),
};

/** The first events, and then no connection. */
function cutStream(path: string): Reply {
  const events = longStreams[path] ?? "";
  const isSlowToBegin = path === "/v1/responses"; // its text comes with the fourth event
  const begun = events.split("\n\n").slice(0, isSlowToBegin ? 5 : 3);
  return cutInBody(Buffer.byteLength(`${begun.join("\n\n")}\n\n`), streamed(events));
}

/** @param takesBase64 Whether it sends vectors as clients ask for them, or always as numbers. */
export function embeddingScript(takesBase64: boolean): Script {
  return (call) => {
    const asked = Object(call.json()).encoding_format;
    const data = vectors.map((vector, index) => {
      const embedding =
        takesBase64 && asked === "base64" ? Buffer.from(Float32Array.from(vector).buffer).toString("base64") : vector;
      return { object: "embedding", index, embedding };
    });
    return { body: { object: "list", data, model: "e", usage: { prompt_tokens: 2, total_tokens: 2 } } };
  };
}

/** Exact in 32 bits. */
export const vectors: readonly (readonly number[])[] = [
  [0.25, -0.5, 3],
  [0.75, 1, -2],
];
