import { isJsonObject, items, member, parseJson } from "../json/json-value.ts";
import type { Choice, ToolCall } from "./answer-choices.ts";

/** Of an answer that is repeated to the model, in characters: what is longer would fill its context window. */
const maxAnswerLength = 64 * 1024;

/** A turn of a conversation, as an API writes it. */
type Turn = Readonly<Record<string, unknown>>;

interface TurnWriter {
  /** The answer's turns, its calls among them. */
  answer(choice: Choice): readonly Turn[];
  /** The user's turn, with what came of each call, because none may be left without. */
  reply(results: readonly CallResult[], text: string | undefined): readonly Turn[];
}

interface CallResult {
  readonly call: ToolCall;
  readonly text: string;
}

/**
 * The turns that repeat an answer to its model, and tell it what is wrong. An answer above 64 KiB is cut, and its calls become text.
 *
 * @param wrongCall Undefined where the text is wrong.
 * @param problem In words: `the answer does not match its JSON schema: /price must be number`.
 */
export function writeTurns(path: string, choice: Choice, wrongCall: ToolCall | undefined, problem: string): readonly Turn[] {
  const writer = writers.get(path) ?? chatTurns;
  const demand = wrongCall === undefined ? jsonDemand : callDemand;
  const text = `${problem[0]?.toUpperCase()}${problem.slice(1)}. ${demand}`;
  const answer = writer.answer(choice);
  if (JSON.stringify(answer).length > maxAnswerLength) return [...asText(choice), { role: "user", content: text }];
  const results = choice.calls.map((call) => ({ call, text: call === wrongCall ? text : notMade }));
  return [...answer, ...writer.reply(results, wrongCall === undefined ? text : undefined)];
}

const jsonDemand = "Answer again, with JSON that matches the schema and nothing else: no code fence, no other text.";
const callDemand = "The tool was not called. Call it again, with arguments that match its schema.";
const notMade = "The tool was not called, because another call of the same answer was wrong. Make all calls again.";

const chatTurns: TurnWriter = {
  answer({ text, calls, source }) {
    if (calls.length === 0) return spoken(text);
    // DeepSeek and OpenRouter want reasoning back beside calls.
    const reasoning = pick(source, ["reasoning_content", "reasoning_details"]);
    return [{ role: "assistant", content: text === "" ? null : text, ...reasoning, tool_calls: calls.map(chatCall) }];
  },
  reply(results, text) {
    const turns = results.map((result) => ({ role: "tool", tool_call_id: result.call.id, content: result.text }));
    return [...turns, ...said(text)];
  },
};

const messagesTurns: TurnWriter = {
  answer({ source }) {
    const content = items(source)
      .filter((part) => !isEmptyText(part))
      .map(withObjectInput);
    return content.length === 0 ? [] : [{ role: "assistant", content }];
  },
  reply(results, text) {
    if (results.length === 0) return said(text);
    const content = results.map((result) => ({
      type: "tool_result",
      tool_use_id: result.call.id,
      is_error: true,
      content: result.text,
    }));
    return [{ role: "user", content }];
  },
};

const responsesTurns: TurnWriter = {
  answer({ text, calls }) {
    return calls.length === 0 ? spoken(text) : calls.map(responsesCall);
  },
  reply(results, text) {
    const turns = results.map(({ call, text: output }) => ({ type: outputTypeOf(call), call_id: call.id, output }));
    return [...turns, ...said(text)];
  },
};

const writers: ReadonlyMap<string, TurnWriter> = new Map([
  ["/v1/chat/completions", chatTurns],
  ["/v1/messages", messagesTurns],
  ["/v1/responses", responsesTurns],
]);

function said(text: string | undefined): Turn[] {
  return text === undefined ? [] : [{ role: "user", content: text }];
}

/** Servers refuse an empty turn. */
function spoken(text: string): Turn[] {
  return text.trim() === "" ? [] : [{ role: "assistant", content: text }];
}

function asText({ text, calls }: Choice): Turn[] {
  const calling = calls.map(({ name, input }) => `${name}(${typeof input === "string" ? input : JSON.stringify(input)})`);
  return spoken(cut([text, ...calling].join("\n").trim()));
}

/** Between characters. */
function cut(text: string): string {
  if (text.length <= maxAnswerLength) return text;
  return `${text.slice(0, maxAnswerLength).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** As received: Gemini wants its signatures back. Servers parse the arguments of earlier calls, and fail where they are no object. */
function chatCall({ source, input }: ToolCall): Turn {
  if (!isJsonObject(source)) return {};
  const { function: called } = source;
  return isJsonObject(called) ? { ...source, function: { ...called, arguments: objectText(input) } } : source;
}

/** Without its id: with one, OpenAI wants the reasoning that came before it. */
function responsesCall({ id, name, input, source }: ToolCall): Turn {
  if (input === undefined) return { type: "custom_tool_call", call_id: id, name, input: member(source, "input") };
  const namespace = pick(source, ["namespace"]);
  return { type: "function_call", call_id: id, name, ...namespace, arguments: objectText(input) };
}

function outputTypeOf({ input }: ToolCall): string {
  return input === undefined ? "custom_tool_call_output" : "function_call_output";
}

function objectText(input: unknown): string {
  const value = typeof input === "string" ? parseJson(input) : input;
  if (!isJsonObject(value)) return "{}";
  return typeof input === "string" ? input : JSON.stringify(value);
}

function withObjectInput(part: unknown): unknown {
  if (!isJsonObject(part) || part["type"] !== "tool_use") return part;
  return isJsonObject(part["input"]) ? part : { ...part, input: {} };
}

function isEmptyText(part: unknown): boolean {
  const text = member(part, "text");
  return member(part, "type") === "text" && (typeof text !== "string" || text.trim() === "");
}

/** Those that are there. */
function pick(source: unknown, keys: readonly string[]): Turn {
  const there = keys.map((key) => [key, member(source, key)] as const);
  return Object.fromEntries(there.filter(([, value]) => value !== undefined && value !== null));
}
