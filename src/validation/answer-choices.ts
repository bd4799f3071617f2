import { items, member } from "../json/json-value.ts";
import { textOf } from "../model/content-text.ts";

/** A call of a tool that a request brought along. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text, or at Anthropic its value; undefined for tools that take any text. */
  readonly input: unknown;
  /** As received. */
  readonly source: unknown;
}

/** One of an answer's choices, whichever API it is of. */
export interface Choice {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  /** Why it ended: `stop`, `end_turn`, `length` … */
  readonly ending: string;
  /** The model, or a filter, did not want to answer. */
  readonly isRefused: boolean;
  /** As received: the message, or the list of its parts. */
  readonly source: unknown;
}

/** The choices of an answer. @returns none for an API whose answers hold neither JSON nor calls. */
export function readChoices(path: string, body: unknown): readonly Choice[] {
  return readers.get(path)?.(body) ?? [];
}

/** Whether answers of an API can be checked. */
export function hasChoices(path: string): boolean {
  return readers.has(path);
}

const readers: ReadonlyMap<string, (body: unknown) => readonly Choice[]> = new Map([
  ["/v1/chat/completions", (body) => items(member(body, "choices")).map(readChatChoice)],
  ["/v1/completions", (body) => items(member(body, "choices")).map(readCompletion)],
  ["/v1/messages", (body) => [readMessage(body)]],
  ["/v1/responses", (body) => [readResponse(body)]],
]);

function readChatChoice(choice: unknown): Choice {
  const message = member(choice, "message");
  const ending = textIn(choice, "finish_reason");
  return {
    text: textOf(member(message, "content")),
    calls: items(member(message, "tool_calls")).flatMap(readChatCall),
    ending,
    isRefused: textIn(message, "refusal") !== "" || ending === "content_filter",
    source: message,
  };
}

function readChatCall(call: unknown): ToolCall[] {
  const called = member(call, "function");
  const name = textIn(called ?? member(call, "custom"), "name");
  return name === "" ? [] : [{ id: textIn(call, "id"), name, input: inputOf(called, "arguments"), source: call }];
}

function readCompletion(choice: unknown): Choice {
  const ending = textIn(choice, "finish_reason");
  return { text: textIn(choice, "text"), calls: [], ending, isRefused: ending === "content_filter", source: undefined };
}

function readMessage(body: unknown): Choice {
  const content = member(body, "content");
  const ending = textIn(body, "stop_reason");
  const calls = items(content).filter((part) => member(part, "type") === "tool_use");
  return {
    text: textOf(content),
    calls: calls.map((call) => ({
      id: textIn(call, "id"),
      name: textIn(call, "name"),
      input: member(call, "input"),
      source: call,
    })),
    ending,
    isRefused: ending === "refusal",
    source: content,
  };
}

/** What a model says on its way (`phase`) is no part of its answer. */
function readResponse(body: unknown): Choice {
  const output = items(member(body, "output"));
  const messages = output.filter((item) => member(item, "type") === "message" && member(item, "phase") !== "commentary");
  const parts = messages.flatMap((message) => items(member(message, "content")));
  const ending = textIn(member(body, "incomplete_details"), "reason");
  return {
    text: textOf(parts),
    calls: output.flatMap(readResponseCall),
    ending,
    isRefused: ending === "content_filter" || parts.some((part) => member(part, "type") === "refusal"),
    source: output,
  };
}

function readResponseCall(item: unknown): ToolCall[] {
  const type = member(item, "type");
  if (type !== "function_call" && type !== "custom_tool_call") return [];
  const input = type === "function_call" ? inputOf(item, "arguments") : undefined;
  return [{ id: textIn(item, "call_id"), name: textIn(item, "name"), input, source: item }];
}

/** No arguments are none: several servers leave them out, or send "", where a tool needs none. */
function inputOf(called: unknown, key: string): unknown {
  if (called === undefined) return undefined;
  const input = member(called, key) ?? "";
  return typeof input === "string" && input.trim() === "" ? "{}" : input;
}

/** A member that is a text; "" for any other. */
function textIn(value: unknown, key: string): string {
  const text = member(value, key);
  return typeof text === "string" ? text : "";
}
