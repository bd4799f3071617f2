import { eventStreamType, type Reply } from "../reply.ts";

/** The one kind of output that a mock answer has. */
export interface OutputMessage {
  readonly id: string;
  readonly type: "message";
  readonly status: "completed" | "incomplete";
  readonly content: readonly OutputText[];
  readonly role: "assistant";
}

interface OutputText {
  readonly type: "output_text";
  readonly text: string;
}

/** A response, as far as its stream looks at it. */
interface ResponseAnswer {
  readonly status: "completed" | "incomplete";
  readonly output: readonly OutputMessage[];
}

/**
 * The same response as server-sent events, a word at a time; the last event holds all of it (OpenAI API reference, streaming events).
 * All of it is sent at once, when the answer is due.
 */
export function responseStream(response: ResponseAnswer): Reply {
  let body = "";
  let sequenceNumber = 0;
  const add = (type: string, members: object): void => {
    body += `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequenceNumber, ...members })}\n\n`;
    sequenceNumber += 1;
  };
  const begun = { ...response, status: "in_progress", incomplete_details: null, output: [], usage: null };
  add("response.created", { response: begun });
  add("response.in_progress", { response: begun });
  for (const [index, item] of response.output.entries()) addItem(item, index, add);
  add(`response.${response.status}`, { response });
  return { statusCode: 200, contentType: eventStreamType, body };
}

function addItem(item: OutputMessage, index: number, add: (type: string, members: object) => void): void {
  add("response.output_item.added", { output_index: index, item: { ...item, status: "in_progress", content: [] } });
  for (const [contentIndex, part] of item.content.entries()) {
    const indexes = { item_id: item.id, output_index: index, content_index: contentIndex };
    add("response.content_part.added", { ...indexes, part: { ...part, text: "" } });
    for (const delta of part.text.match(/\s*\S+/g) ?? []) add("response.output_text.delta", { ...indexes, delta, logprobs: [] });
    add("response.output_text.done", { ...indexes, text: part.text, logprobs: [] });
    add("response.content_part.done", { ...indexes, part });
  }
  add("response.output_item.done", { output_index: index, item });
}
