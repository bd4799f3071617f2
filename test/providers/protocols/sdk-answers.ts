import { Anthropic } from "@anthropic-ai/sdk";
import { OpenAI } from "openai";
import { count, member } from "../../../src/json/json-value.ts";
import type { Attempt } from "../../../src/model/attempt.ts";

const askChat = { model: "m", messages: [] };
const askResponses = { model: "m", input: "Hi" };
const askCompletions = { model: "m", prompt: "Hi" };
const askEmbeddings = { model: "m", input: "Hi", encoding_format: "float" } as const;
const askMessages = { model: "m", max_tokens: 1, messages: [] };

/** What the vendors' clients make of a server's answers: of those that stream, put together, and of those in one piece. */
export interface SdkReaders {
  streamedToClient(path: string): Promise<unknown>;
  sentToClient(path: string): Promise<unknown>;
}

export function createSdkReaders(url: string): SdkReaders {
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
  const anthropic = new Anthropic({ baseURL: url, apiKey: "none", maxRetries: 0 });
  return {
    async streamedToClient(path) {
      if (path === "/v1/chat/completions") return received(await openai.chat.completions.stream(askChat).finalChatCompletion());
      if (path === "/v1/responses") return received(await openai.responses.stream(askResponses).finalResponse());
      if (path === "/v1/completions") return joined(await openai.completions.create({ ...askCompletions, stream: true }));
      return received(await anthropic.messages.stream(askMessages).finalMessage());
    },
    async sentToClient(path) {
      if (path === "/v1/chat/completions") return received(await openai.chat.completions.create(askChat));
      if (path === "/v1/responses") return received(await openai.responses.create(askResponses));
      if (path === "/v1/completions") return received(await openai.completions.create(askCompletions));
      if (path === "/v1/embeddings") return received(await openai.embeddings.create(askEmbeddings));
      return received(await anthropic.messages.create(askMessages));
    },
  };
}

/** Completions have no helper that puts them together; what the client made of the chunks is joined here. */
async function joined(chunks: AsyncIterable<OpenAI.Completion>): Promise<unknown> {
  const whole: OpenAI.Completion[] = [];
  for await (const chunk of chunks) whole.push(chunk);
  const pieces = whole.flatMap(({ choices }) => choices);
  const choices = [...new Set(pieces.map(({ index }) => index))].toSorted().map((index) => {
    const own = pieces.filter((candidate) => candidate.index === index);
    return Object.assign({}, ...own, { text: own.map(({ text }) => text).join("") });
  });
  return received(Object.assign({}, ...whole, { choices }));
}

/**
 * What the clients add to what they received: what they parsed for a schema that was given (`parsed`, `parsed_arguments`,
 * `output_parsed`, `parsed_output`), the texts of a response in one (`output_text`), and the filler of the last chunk, which OpenAI's
 * takes for a member of the answer (`obfuscation`). Their `_request_id` is not enumerable.
 */
const addedByClients = new Set(["parsed", "parsed_arguments", "output_parsed", "parsed_output", "output_text", "obfuscation"]);

/** What a client received, without what it added. */
function received(answer: unknown): unknown {
  return rewritten(answer, (key) => addedByClients.has(key));
}

export function bodyOf(attempt: Attempt): unknown {
  return attempt.ok ? rewritten(JSON.parse(attempt.response.body)) : attempt.failure;
}

/** Where a stream says nothing of a refusal, OpenAI's client adds that there is none (null): nulls there are left out on both sides. */
function rewritten(value: unknown, isLeftOut = (_key: string): boolean => false): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => (isLeftOut(key) || (key === "refusal" && inner === null) ? undefined : inner)),
  );
}

/** By the names of each API, from the client's answer. */
export function usageOf(answer: unknown): object {
  const usage = member(answer, "usage");
  const reportedCostUsd = member(usage, "cost");
  const sum = (...paths: string[]): number =>
    paths.reduce((total, path) => total + count(path.split(".").reduce(member, usage)), 0);
  return {
    promptTokens: sum("prompt_tokens", "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    completionTokens: sum("completion_tokens", "output_tokens"),
    cachedTokens: sum("prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens", "cache_read_input_tokens"),
    cacheWriteTokens: sum(
      "prompt_tokens_details.cache_write_tokens",
      "input_tokens_details.cache_write_tokens",
      "cache_creation_input_tokens",
    ),
    reasoningTokens: sum(
      "completion_tokens_details.reasoning_tokens",
      "output_tokens_details.reasoning_tokens",
      "output_tokens_details.thinking_tokens",
    ),
    ...(reportedCostUsd !== undefined && { billing: { reportedCostUsd } }),
  };
}

/** All that a stream is after each of its events. */
export function beginnings(events: string): string[] {
  const ends = [...events.matchAll(/(?:\r\n|\n){2}/g)].map((end) => end.index + end[0].length);
  return ends.map((end) => events.slice(0, end));
}

/** It comes after the last choice has ended, and may be missing. */
export function withoutUsage(body: unknown): unknown {
  return rewritten(body, (key) => key === "usage");
}
