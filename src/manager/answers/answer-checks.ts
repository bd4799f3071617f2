import type { AnswerCheck, FailedAttempt, ModelResponse } from "../../model/attempt.ts";
import type { Failure } from "../../model/failure.ts";
import type { BatchRequest } from "../../model/request.ts";
import { refuseEmptyAnswer } from "../../providers/providers.ts";
import { createOutputValidator, type OutputValidator } from "../../validation/validation.ts";
import type { Journey } from "../journey.ts";
import type { RequestManagerOptions } from "../request-manager-options.ts";

/** What the answers of one manager have to be, beside whole. */
export class AnswerChecks {
  readonly #validates: boolean;
  readonly #repairs: boolean;
  readonly #checks: AnswerCheck[];
  #validator: OutputValidator | undefined;
  #loading: Promise<void> | undefined;

  constructor({ retryEmpty, validateOutput = false, repair = false }: Omit<RequestManagerOptions, "provider">) {
    this.#validates = validateOutput;
    this.#repairs = repair;
    this.#checks = retryEmpty ? [refuseEmptyAnswer] : [];
  }

  /** To be awaited before the first request. @returns undefined where nothing has to be loaded. */
  load(): Promise<void> | undefined {
    return this.#validates && this.#validator === undefined ? (this.#loading ??= this.#loadValidator()) : undefined;
  }

  /** Why no answer to a request could be checked; undefined where it can be. */
  refusal(request: BatchRequest): Failure | undefined {
    return this.#validator?.refusal(request);
  }

  /**
   * The failure that a whole answer is nevertheless. With `repair`, what is asked next tells the model of it.
   *
   * @returns undefined for an answer that counts.
   */
  refuse(journey: Journey, response: ModelResponse): FailedAttempt | undefined {
    const { request } = journey;
    for (const check of this.#checks) {
      const failure = check(request, response);
      if (failure === undefined) continue;
      journey.repair = this.#repairs ? this.#validator?.repair(request, response) : undefined;
      const { usage, ...rest } = response;
      return { ok: false, failure, response: rest, usage };
    }
    return undefined;
  }

  /** Its check comes first: an answer of reasoning alone was cut off before it is empty. */
  async #loadValidator(): Promise<void> {
    this.#validator = await createOutputValidator();
    this.#checks.unshift(this.#validator.check);
  }
}
