import { items, member, parseJson, isJsonObject } from "../../json/json-value.ts";
import { findError } from "../failures/error-body.ts";
import { textOf } from "../../model/content-text.ts";
import { type Growing, mergeDelta, replaceMembers } from "./merge-deltas.ts";
import { misfitError } from "./misfit-error.ts";
import { readCompletionUsage } from "./openai-usage.ts";
import { totalTokens } from "../../model/usage.ts";
import type { StreamAssembler, StreamEvent, Streaming } from "../protocol.ts";

/** Streams of Chat Completions (OpenAI API reference, `chat.completion.chunk`). */
export const chatStreaming: Streaming = {
  members: new Map([
    ["stream", "true"],
    ["stream_options", '{"include_usage":true}'],
  ]),
  assemble: (requestBody) => new ChoicesAssembler(requestBody, { message: { role: "assistant", content: null } }),
  readText: (event) => textOf(member(member(firstChoice(event), "delta"), "content")),
};

/** Streams of Completions: the same, with texts in place of messages. */
export const completionsStreaming: Streaming = {
  ...chatStreaming,
  assemble: (requestBody) => new ChoicesAssembler(requestBody, { text: "" }),
  readText: (event) => textOf(member(firstChoice(event), "text")),
};

/** One choice as far as it has come. */
interface Choice {
  readonly message: Growing;
  /** What grows beside the message: `text` and `logprobs`. */
  readonly parts: Growing;
  /** What is said once. */
  readonly facts: Growing;
}

/** What a choice has where nothing is said of it. */
interface EmptyChoice {
  readonly message?: object;
  readonly text?: string;
}

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
  readonly #emptyChoice: EmptyChoice;
  readonly #head: Growing = {};
  readonly #choices = new Map<number, Choice>();
  #usage: unknown;

  constructor(requestBody: string, emptyChoice: EmptyChoice) {
    this.#requestBody = requestBody;
    this.#emptyChoice = emptyChoice;
  }

  add({ text, data }: StreamEvent): string | undefined {
    if (text === doneText) this.isOver = true;
    if (findError(data) !== undefined) return text;
    replaceMembers(this.#head, data, notInAnswer);
    const choices = member(data, "choices");
    this.#addUsage(member(data, "usage") ?? member(member(data, "x_groq"), "usage") ?? member(items(choices)[0], "usage"));
    const misfit = Array.isArray(choices) ? choices.find((piece) => !this.#addPiece(piece)) : (choices ?? undefined);
    return misfit === undefined ? undefined : misfitError(misfit);
  }

  isWhole(): boolean {
    const choices = [...this.#choices.values()];
    const haveEnded = choices.length > 0 && choices.every(({ facts }) => hasEnded(facts["finish_reason"]));
    return haveEnded && (this.isOver || choices.length >= countChoices(parseJson(this.#requestBody)));
  }

  body(): string {
    const { object } = this.#head;
    const choices = [...this.#choices].toSorted(([a], [b]) => a - b).map(([index, choice]) => this.#finish(choice, index));
    return JSON.stringify({
      ...this.#head,
      ...(typeof object === "string" && { object: object.replace(/\.chunk$/, "") }),
      choices,
      ...(this.#usage !== undefined && { usage: this.#usage }),
    });
  }

  /** It counts the whole answer so far; some servers count nothing in the last chunk. */
  #addUsage(usage: unknown): void {
    if (isJsonObject(usage) && countedTokens(usage) >= countedTokens(this.#usage)) this.#usage = usage;
  }

  /** @returns whether it is one. */
  #addPiece(piece: unknown): boolean {
    const delta = member(piece, "delta") ?? member(piece, "message") ?? {};
    const isPiece = isJsonObject(delta) || delta === "" || (Array.isArray(delta) && delta.length === 0); // PHP's empty object
    if (!isJsonObject(piece) || !isPiece) return false;
    const { index: given, delta: _, message: __, text, logprobs, ...facts } = piece;
    const index = typeof given === "number" ? given : 0;
    let choice = this.#choices.get(index);
    if (choice === undefined) this.#choices.set(index, (choice = { message: {}, parts: {}, facts: {} }));
    mergeDelta(choice.message, delta);
    mergeDelta(choice.parts, { text, logprobs });
    const lists = Object.entries(facts).filter(([, value]) => Array.isArray(value)); // vLLM: token_ids
    mergeDelta(choice.facts, Object.fromEntries(lists));
    replaceMembers(
      choice.facts,
      facts,
      lists.map(([key]) => key),
    );
    return true;
  }

  #finish({ message, parts, facts }: Choice, index: number): object {
    const { tool_calls: calls, ...rest } = message;
    const toolCalls = calls === undefined ? {} : { tool_calls: Array.isArray(calls) ? calls.map(withoutIndex) : calls };
    const whole = { ...this.#emptyChoice.message, ...rest, ...toolCalls };
    const text = parts["text"] || this.#emptyChoice.text;
    return {
      index,
      ...(Object.keys(whole).length > 0 && { message: whole }),
      ...(text !== undefined && { text }),
      logprobs: parts["logprobs"],
      ...facts,
    };
  }
}

/** The piece of the first answer, where there are several. */
function firstChoice(event: unknown): unknown {
  return items(member(event, "choices")).find((piece) => (member(piece, "index") ?? 0) === 0);
}

/** DashScope writes that there is none as a text. */
function hasEnded(reason: unknown): boolean {
  return Boolean(reason) && reason !== "null";
}

function countedTokens(usage: unknown): number {
  return totalTokens(readCompletionUsage({ usage }));
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
