import type { Choice } from "./choices.ts";
import { eventStreamType, type Reply } from "../reply.ts";

/** What all events of a stream, and the one body of a plain answer, have in common. */
export interface AnswerHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

/**
 * The same answer as server-sent events, a word at a time: chunks, then one with the usage if it was asked for
 * (`stream_options.include_usage`), then `[DONE]` (OpenAI API reference, streaming). All of it is sent at once, when the answer is due.
 *
 * @param usage JSON text, if the stream is to report it.
 */
export function chatStream({ id, created, model }: AnswerHead, choices: readonly Choice[], usage: string | undefined): Reply {
  const head = `"id":"${id}","object":"chat.completion.chunk","created":${created},"model":${JSON.stringify(model)}`;
  const tail = usage === undefined ? "" : ',"usage":null';
  let body = "";
  const add = (index: number, delta: object, finishReason: Choice["finishReason"] | null): void => {
    const choice = JSON.stringify({ index, delta, logprobs: null, finish_reason: finishReason });
    body += `data: {${head},"choices":[${choice}]${tail}}\n\n`;
  };
  for (const [index, { content, finishReason }] of choices.entries()) {
    add(index, { role: "assistant", content: "", refusal: null }, null);
    for (const piece of content.match(/\s*\S+/g) ?? []) add(index, { content: piece }, null);
    add(index, {}, finishReason);
  }
  if (usage !== undefined) body += `data: {${head},"choices":[],"usage":${usage}}\n\n`;
  body += "data: [DONE]\n\n";
  return { statusCode: 200, contentType: eventStreamType, body };
}
