import { isJsonObject } from "../json/json-value.ts";
import { maxTokensProblem, messagesPath, type RequestLike } from "../jsonl/jsonl.ts";
import { ConfigurationError, RequestFailedError } from "../model/errors.ts";
import type { BatchResult, SucceededResult } from "../model/result.ts";
import type { Usage } from "../model/usage.ts";
import type { Provider } from "../providers/providers.ts";
import { type CallOptions, checkBody } from "./call-options.ts";
import type { InputOptions } from "./inputs.ts";

/** The answer to one question. */
export interface Completion {
  /** What the model said; empty where it said nothing, a call of a tool for one. */
  readonly text: string;
  /** The whole answer, as the provider sent it. */
  readonly body: unknown;
  readonly usage: Usage;
  /** Whether the cache knew it. */
  readonly cached: boolean;
  /** All that is known of it. */
  readonly result: SucceededResult;
}

/** A prompt, messages, or a whole request, in any form of a line of a file. */
export type Question = RequestLike | readonly object[];

/** Members of a body; a `provider` that is a text names the provider. */
export type BodyMembers = Readonly<Record<string, unknown>>;

/**
 * The request that a question is.
 *
 * @throws ConfigurationError for a member of the body that is no such, and for a prompt without what the provider's API needs.
 */
export function requestOf(question: Question, body: BodyMembers, { url }: CallOptions, options: InputOptions): RequestLike {
  checkBody(body);
  if (typeof question !== "string" && !isMessages(question)) return withMembers(question, body);
  const { provider: named, ...rest } = body;
  const isNamed = typeof named === "string";
  const members = isNamed ? rest : body;
  const { provider, defaults, model: defaultModel = parsed(defaults.get("model")) } = options;
  const model = members["model"] ?? defaultModel;
  const path = url ?? (typeof question === "string" ? promptPath(provider, model, isNamed ? named : undefined) : undefined);
  if (url === undefined && path === messagesPath && !("max_tokens" in members) && !defaults.has("max_tokens"))
    throw new ConfigurationError(maxTokensProblem, { option: "max_tokens" });
  return {
    ...(isNamed && { provider: named }),
    ...(path !== undefined && { url: path }),
    body: { ...members, ...ask(question, path) },
  };
}

function parsed(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

function isMessages(question: Exclude<Question, string>): question is readonly object[] {
  return Array.isArray(question);
}

function promptPath(provider: Provider, model: unknown, named: string | undefined): string | undefined {
  if (typeof model !== "string") return undefined;
  return provider.promptPath?.({ model, ...(named !== undefined && { provider: named }) });
}

/** Responses and Embeddings call it `input`, Completions a `prompt`. */
function ask(question: string | readonly object[], path: string | undefined): BodyMembers {
  if (path?.endsWith("/responses") || path?.endsWith("/embeddings")) return { input: question };
  if (path?.endsWith("/completions") && !path.endsWith("/chat/completions")) return { prompt: question };
  return { messages: typeof question === "string" ? [{ role: "user", content: question }] : question };
}

/** A whole request, with members of its body that win over its own. */
function withMembers(request: BodyMembers, members: BodyMembers): RequestLike {
  if (Object.keys(members).length === 0) return request;
  const { body } = request;
  const { provider, ...rest } = members;
  if (!isJsonObject(body)) return { ...request, ...members };
  return { ...request, ...(provider !== undefined && { provider }), body: { ...body, ...rest } };
}

/** @throws RequestFailedError when the request failed. */
export function completionOf(result: BatchResult): Completion {
  if (result.status === "failed") throw new RequestFailedError(result.failure, result.response);
  const { text = "", body, usage, cached } = result;
  return { text, body, usage, cached, result };
}
