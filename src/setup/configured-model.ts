import type { AnswerStream, BodyMembers, CallOptions, Completion, Question, RequestManager } from "../manager/manager.ts";

/** What a model's requests name. */
export interface ModelAddress {
  readonly model: string;
  /** Undefined where the model's own route chooses it. */
  readonly provider?: string;
}

/** One model of the configuration, asked through its manager's limits, retries and cache, with its keys. */
export class ConfiguredModel {
  /** Its name in the configuration. */
  readonly provider: string;
  /** The model's. */
  readonly name: string;
  readonly #address: ModelAddress;
  readonly #manager: RequestManager;

  constructor(provider: string, name: string, address: ModelAddress, manager: RequestManager) {
    this.provider = provider;
    this.name = name;
    this.#address = address;
    this.#manager = manager;
  }

  /** The answer to one question. @throws RequestFailedError when it has none in the end. @see RequestManager.complete */
  complete(question: Question, body: BodyMembers = {}, options: CallOptions = {}): Promise<Completion> {
    return this.#manager.complete(question, { ...body, ...this.#address }, options);
  }

  /** Streams the answer. @see RequestManager.stream */
  stream(question: Question, body: BodyMembers = {}, options: CallOptions = {}): AnswerStream {
    return this.#manager.stream(question, { ...body, ...this.#address }, options);
  }
}
