import { items, member, parseJson, isJsonObject } from "../../json/json-value.ts";
import { findError } from "../failures/error-body.ts";
import { type Growing, mergeDelta, replaceMembers } from "./merge-deltas.ts";
import type { StreamAssembler, StreamEvent, Streaming } from "../protocol.ts";

/** Streams of Chat Completions (OpenAI API reference, `chat.completion.chunk`). */
export const chatStreaming: Streaming = {
  members: new Map([
    ["stream", "true"],
    ["stream_options", '{"include_usage":true}'],
  ]),
  assemble: (requestBody) => new ChoicesAssembler(requestBody, finishMessage),
};

/** Streams of Completions: the same, with texts in place of messages. */
export const completionsStreaming: Streaming = {
  ...chatStreaming,
  assemble: (requestBody) => new ChoicesAssembler(requestBody, finishText),
};

/** One choice as far as it has come. */
interface Choice {
  readonly message: Growing;
  /** What grows beside the message: `text` and `logprobs`. */
  readonly parts: Growing;
  /** What is said once. */
  readonly facts: Growing;
}

type FinishChoice = (choice: Choice, index: number) => object;

const doneText = "[DONE]";
/** Filler that hides how long pieces are. */
const notInAnswer = ["choices", "usage", "obfuscation"];

/**
 * A stream is whole when each of its choices has said why it ended. Without `[DONE]`, which some servers leave out, there must also be as
 * many choices as the request asked for.
 */
class ChoicesAssembler implements StreamAssembler {
  isOver = false;
  readonly #requestBody: string;
  readonly #finishChoice: FinishChoice;
  readonly #head: Growing = {};
  readonly #choices = new Map<number, Choice>();
  #usage: unknown;

  constructor(requestBody: string, finishChoice: FinishChoice) {
    this.#requestBody = requestBody;
    this.#finishChoice = finishChoice;
  }

  add({ text, data }: StreamEvent): string | undefined {
    if (text === doneText) this.isOver = true;
    if (findError(data) !== undefined) return text;
    replaceMembers(this.#head, data, notInAnswer);
    const usage = member(data, "usage") ?? member(member(data, "x_groq"), "usage");
    if (isJsonObject(usage)) this.#usage = usage;
    for (const piece of items(member(data, "choices"))) this.#addPiece(piece);
    return undefined;
  }

  isWhole(): boolean {
    const choices = [...this.#choices.values()];
    const haveEnded = choices.length > 0 && choices.every(({ facts }) => Boolean(facts["finish_reason"]));
    return haveEnded && (this.isOver || choices.length >= countChoices(parseJson(this.#requestBody)));
  }

  body(): string {
    const { object } = this.#head;
    const choices = [...this.#choices].toSorted(([a], [b]) => a - b).map(([index, choice]) => this.#finishChoice(choice, index));
    return JSON.stringify({
      ...this.#head,
      ...(typeof object === "string" && { object: object.replace(/\.chunk$/, "") }),
      choices,
      ...(this.#usage !== undefined && { usage: this.#usage }),
    });
  }

  #addPiece(piece: unknown): void {
    const given = member(piece, "index");
    const index = typeof given === "number" ? given : 0;
    let choice = this.#choices.get(index);
    if (choice === undefined) this.#choices.set(index, (choice = { message: {}, parts: {}, facts: {} }));
    mergeDelta(choice.message, member(piece, "delta") ?? member(piece, "message"));
    mergeDelta(choice.parts, { text: member(piece, "text"), logprobs: member(piece, "logprobs") });
    replaceMembers(choice.facts, piece, ["index", "delta", "message", "text", "logprobs"]);
  }
}

function finishMessage({ message, parts: { logprobs }, facts }: Choice, index: number): object {
  const { role = "assistant", content = null, tool_calls: calls, ...rest } = message;
  const toolCalls = calls === undefined ? {} : { tool_calls: items(calls).map(withoutIndex) };
  return { index, message: { role, content, ...rest, ...toolCalls }, logprobs, ...facts };
}

function finishText({ parts: { text, logprobs }, facts }: Choice, index: number): object {
  return { index, text: text ?? "", logprobs, ...facts };
}

/** It says only which call a piece belongs to. */
function withoutIndex(call: unknown): unknown {
  if (!isJsonObject(call)) return call;
  const { index: _, ...rest } = call;
  return rest;
}

/** `n` for each prompt; Completions take several at once: texts, or lists of tokens. */
function countChoices(request: unknown): number {
  const n = member(request, "n");
  const prompts = items(member(request, "prompt"));
  const promptCount = prompts.length === 0 || typeof prompts[0] === "number" ? 1 : prompts.length;
  return promptCount * (typeof n === "number" && n > 1 ? n : 1);
}
