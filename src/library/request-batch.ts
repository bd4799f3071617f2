import { prependMembers } from "../json/json-text.ts";
import { BatchLine, outlineRequest, Problem, type RequestLike, writeJson } from "../jsonl/jsonl.ts";
import { refuseUnknownOptions } from "../model/closest.ts";
import { ConfigurationError } from "../model/errors.ts";
import { RequestNames } from "../manager/manager.ts";

export interface CreateOptions {
  /** Unique in the batch. @default the id of the request */
  readonly customId?: string;
  /** Travels to the result. @default none */
  readonly metadata?: unknown;
  /** The provider, where the manager knows several. @default its choice */
  readonly provider?: string;
}

/** Adds requests for one API to a batch. */
export interface RequestBuilder {
  /**
   * @param body Sent as it is. Its `model` may be left to the manager.
   * @returns the id that the result will have: the same for the same requests in the same order, in every run.
   * @throws ConfigurationError when JSON cannot hold it, its `model` is no text, the batch has its `customId` already, or for an
   *   option that does not exist.
   */
  create(body: Readonly<Record<string, unknown>>, options?: CreateOptions): string;
}

/**
 * Requests that are gathered before they are sent: `manager.processBatch(batch)`, `manager.run(batch)`.
 *
 * ```ts
 * const batch = new RequestBatch();
 * const id = batch.chat.completions.create({ model: "gpt-5.4-mini", messages: [{ role: "user", content: "Hi" }] });
 * const results = await manager.processBatch(batch);
 * const mine = results.find((result) => result.id === id);
 * ```
 */
export class RequestBatch implements Iterable<BatchLine> {
  readonly chat: { readonly completions: RequestBuilder } = { completions: this.#builder("/v1/chat/completions") };
  readonly embeddings: RequestBuilder = this.#builder("/v1/embeddings");
  readonly responses: RequestBuilder = this.#builder("/v1/responses");
  /** Anthropic's. */
  readonly messages: RequestBuilder = this.#builder("/v1/messages");
  readonly #names = RequestNames.ofAnyProvider();
  readonly #customIds = new Set<string>();
  /** As they were given, and named. */
  readonly #requests: { readonly text: string; readonly line: BatchLine }[] = [];

  /**
   * One batch of the requests of several, in order. Ids stay, but for identical requests: the second, third … of them gets one of its own.
   *
   * @throws ConfigurationError when two of them have the same `customId`, which was given to both.
   */
  static merge(...batches: readonly (RequestBatch | readonly RequestBatch[])[]): RequestBatch {
    const merged = new RequestBatch();
    for (const batch of batches.flat()) for (const { text } of batch.#requests) merged.#add(text);
    return merged;
  }

  /** @param text Lines of a batch file, in any form that `llmbatch run` takes. @throws ConfigurationError naming the line that is no request. */
  static fromJSONL(text: string): RequestBatch {
    const batch = new RequestBatch();
    for (const [index, line] of text
      .replace(/^\uFEFF/, "")
      .split(/\r?\n/)
      .entries())
      if (line.trim() !== "") batch.#add(line, `line ${index + 1}`);
    return batch;
  }

  get length(): number {
    return this.#requests.length;
  }

  /** Adds a request in any form. @returns the id that its result will have. @throws ConfigurationError as `create` does. */
  add(request: RequestLike): string {
    const text = request instanceof BatchLine ? request.text : writeJson(request);
    if (text instanceof Problem) throw new ConfigurationError(`${this.#next}: ${text.message}`);
    return this.#add(text);
  }

  /** Lines for `llmbatch run`, or for a provider's own batch API: `custom_id`, `method`, `url`, `body`. */
  toJSONL(): string {
    return this.#requests.map(({ line }) => `${line.text}\n`).join("");
  }

  *[Symbol.iterator](): Generator<BatchLine> {
    for (const { line } of this.#requests) yield line;
  }

  #builder(url: string): RequestBuilder {
    return {
      create: (body, options = {}) => {
        refuseUnknownOptions("create", options, ["customId", "metadata", "provider"]);
        const { customId, metadata, provider } = options;
        return this.add({ custom_id: customId, method: "POST", url, provider, body, metadata });
      },
    };
  }

  /** @param where For messages. */
  #add(text: string, where: string = this.#next): string {
    const outline = outlineRequest(text);
    if (outline instanceof Problem) throw new ConfigurationError(`${where}: ${outline.message}`);
    const { id } = this.#names.name(outline.request);
    const { customId = id } = outline;
    if (this.#customIds.has(customId))
      throw new ConfigurationError(`${where}: the batch has a request of the custom id ${JSON.stringify(customId)} already`);
    this.#customIds.add(customId);
    this.#requests.push({ text, line: new BatchLine(id, outline.customId === undefined ? named(text, id) : text) });
    return id;
  }

  get #next(): string {
    return `request ${this.#requests.length + 1}`;
  }
}

/** @param text Of an object, or of a prompt. */
function named(text: string, id: string): string {
  const member = `"custom_id":${JSON.stringify(id)}`;
  return text.trimStart().startsWith("{") ? prependMembers(text, member) : `{${member},"prompt":${text.trim()}}`;
}
