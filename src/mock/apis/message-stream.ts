import { eventStreamType, type Reply } from "../reply.ts";

/** A message of one or more text blocks, as far as its stream looks at it. */
export interface Message {
  readonly content: readonly { readonly type: "text"; readonly text: string }[];
  readonly stop_reason: string;
  readonly stop_sequence: null;
  readonly usage: { readonly output_tokens: number };
}

/** The same message as server-sent events, a word at a time (Claude API reference, streaming). All of it is sent at once. */
export function messageStream(message: Message): Reply {
  const { content, stop_reason: stopReason, stop_sequence: stopSequence, usage } = message;
  let body = "";
  const add = (type: string, members: object): void => {
    body += `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
  };
  const begun = { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } };
  add("message_start", { message: begun });
  for (const [index, { text }] of content.entries()) {
    add("content_block_start", { index, content_block: { type: "text", text: "" } });
    add("ping", {});
    for (const piece of text.match(/\s*\S+/g) ?? [])
      add("content_block_delta", { index, delta: { type: "text_delta", text: piece } });
    add("content_block_stop", { index });
  }
  const delta = { stop_reason: stopReason, stop_sequence: stopSequence };
  add("message_delta", { delta, usage: { output_tokens: usage.output_tokens } });
  add("message_stop", {});
  return { statusCode: 200, contentType: eventStreamType, body };
}
