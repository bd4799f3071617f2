import { isJsonObject, items, type JsonObject, member } from "../../json/json-value.ts";
import { endText, eventText } from "./stream-format.ts";

/** An answer that came in one piece, for a client that asked for a stream: JSON would be an empty answer to it, and no error. */
export function replay(path: string, body: unknown, hidesUsage: boolean): string {
  if (!isJsonObject(body)) return "";
  switch (path) {
    case "/v1/chat/completions":
    case "/v1/completions":
      return replayChoices(path, body, hidesUsage);
    case "/v1/messages":
      return replayMessage(body);
    case "/v1/responses":
      return replayResponse(body);
    default:
      return eventText("", JSON.stringify(body));
  }
}

/** One chunk with the whole of each message: all clients put it together. */
function replayChoices(path: string, { choices, usage, ...head }: JsonObject, hidesUsage: boolean): string {
  const isChat = path === "/v1/chat/completions";
  const shared = isChat ? { ...head, object: "chat.completion.chunk" } : head;
  const pieces = items(choices).map((choice) => (isChat && isJsonObject(choice) ? chunkOf(choice) : choice));
  const chunk = eventText("", JSON.stringify({ ...shared, choices: pieces }));
  const told = usage === undefined || hidesUsage ? "" : eventText("", JSON.stringify({ ...shared, choices: [], usage }));
  return chunk + told + endText(path);
}

function chunkOf({ message, ...choice }: JsonObject): JsonObject {
  if (!isJsonObject(message)) return { ...choice, delta: {} };
  const calls = message["tool_calls"];
  const indexed = Array.isArray(calls)
    ? calls.map((call: unknown, index) => (isJsonObject(call) ? { index, ...call } : call))
    : calls;
  return { ...choice, delta: { ...message, ...(indexed !== undefined && { tool_calls: indexed }) } };
}

function replayMessage(body: JsonObject): string {
  const { content, stop_reason: reason, stop_sequence: sequence, usage, ...head } = body;
  const start = event("message_start", { message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage } });
  const blocks = items(content).map((block, index) => {
    const { begun, delta } = partsOf(block);
    const added = delta === undefined ? "" : event("content_block_delta", { index, delta });
    return event("content_block_start", { index, content_block: begun }) + added + event("content_block_stop", { index });
  });
  const end = event("message_delta", { delta: { stop_reason: reason, stop_sequence: sequence ?? null }, usage });
  return start + blocks.join("") + end + event("message_stop", {});
}

function event(type: string, members: object): string {
  return eventText(type, JSON.stringify({ type, ...members }));
}

/** A block as it begins, and the one piece that makes it whole. */
function partsOf(block: unknown): { begun: unknown; delta?: object } {
  if (!isJsonObject(block)) return { begun: block };
  const { type } = block;
  if (type === "text") return { begun: { ...block, text: "" }, delta: { type: "text_delta", text: block["text"] } };
  if (type === "thinking")
    return { begun: { ...block, thinking: "" }, delta: { type: "thinking_delta", thinking: block["thinking"] } };
  if (type === "tool_use" || type === "server_tool_use") {
    const json = JSON.stringify(block["input"] ?? {});
    return { begun: { ...block, input: {} }, delta: { type: "input_json_delta", partial_json: json } };
  }
  return { begun: block };
}

/** Clients read texts from their deltas: `response.completed` alone is an empty answer to some. */
function replayResponse(response: JsonObject): string {
  let number = 0;
  const numbered = (type: string, members: object): string => event(type, { sequence_number: number++, ...members });
  const begun = { ...response, status: "in_progress", output: [] };
  const start = numbered("response.created", { response: begun }) + numbered("response.in_progress", { response: begun });
  const output = items(response["output"]).map((item, index) => {
    const place = { output_index: index, item_id: member(item, "id") };
    const added = numbered("response.output_item.added", {
      output_index: index,
      item: isJsonObject(item) ? emptied(item) : item,
    });
    return added + partEvents(item, place, numbered) + numbered("response.output_item.done", { output_index: index, item });
  });
  const last = response["status"] === "incomplete" ? "response.incomplete" : "response.completed";
  return start + output.join("") + numbered(last, { response });
}

function emptied(item: JsonObject): JsonObject {
  return {
    ...item,
    status: "in_progress",
    ...(item["content"] !== undefined && { content: [] }),
    ...(item["arguments"] !== undefined && { arguments: "" }),
  };
}

function partEvents(item: unknown, place: object, numbered: (type: string, members: object) => string): string {
  const given = member(item, "arguments");
  if (typeof given === "string")
    return (
      numbered("response.function_call_arguments.delta", { ...place, delta: given }) +
      numbered("response.function_call_arguments.done", { ...place, arguments: given })
    );
  return items(member(item, "content"))
    .map((part, content_index) => {
      const where = { ...place, content_index };
      const text = member(part, "text");
      if (member(part, "type") !== "output_text" || typeof text !== "string")
        return (
          numbered("response.content_part.added", { ...where, part }) + numbered("response.content_part.done", { ...where, part })
        );
      return (
        numbered("response.content_part.added", { ...where, part: { ...(isJsonObject(part) ? part : {}), text: "" } }) +
        numbered("response.output_text.delta", { ...where, delta: text, logprobs: [] }) +
        numbered("response.output_text.done", { ...where, text, logprobs: [] }) +
        numbered("response.content_part.done", { ...where, part })
      );
    })
    .join("");
}
