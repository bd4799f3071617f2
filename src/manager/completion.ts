import { items, member } from "../json/json-value.ts";
import { RequestFailedError } from "../model/errors.ts";
import type { BatchResult } from "../model/result.ts";
import type { Usage } from "../model/usage.ts";
import type { RequestLike } from "../jsonl/jsonl.ts";

/** The answer to one question. */
export interface Completion {
  /** What the model said; empty where it said nothing, a call of a tool for one. */
  readonly text: string;
  /** The whole answer, as the provider sent it. */
  readonly body: unknown;
  readonly usage: Usage;
  /** Whether the cache knew it. */
  readonly isFromCache: boolean;
}

/**
 * @param question A prompt, or messages.
 * @param options Other members of the body, such as `model` or `temperature`; a `provider` that is a text is whom to ask.
 */
export function completionRequest(question: string | readonly object[], options: Readonly<Record<string, unknown>>): RequestLike {
  const messages = typeof question === "string" ? [{ role: "user", content: question }] : question;
  const { provider, ...members } = options;
  return typeof provider === "string" ? { provider, body: { ...members, messages } } : { body: { ...options, messages } };
}

/** @throws RequestFailedError when the request failed. */
export function completionOf(result: BatchResult): Completion {
  if (result.status === "failed") throw new RequestFailedError(result.failure);
  const body: unknown = JSON.parse(result.response.body);
  return { text: textOf(body), body, usage: result.response.usage, isFromCache: result.source === "cache" };
}

/** Of Chat Completions. */
function textOf(body: unknown): string {
  const [choice] = items(member(body, "choices"));
  const content = member(member(choice, "message"), "content");
  return typeof content === "string" ? content : "";
}
