import { type Overflow, overflowOf, truncate } from "../../context/context.ts";
import type { Observer } from "../../model/event.ts";
import type { BatchInput, BatchRequest } from "../../model/request.ts";
import type { PricedModel } from "../../pricing/pricing.ts";
import { rulesFor, sanitize, type Sanitizing, type SanitizingRule } from "../../sanitizing/sanitizing.ts";
import { estimateInputTokens } from "../../tokens/tokens.ts";
import { Costs } from "../money/costs.ts";
import type { RequestManagerOptions } from "../request-manager-options.ts";
import type { Preparation } from "./preparation.ts";
import { PreparationWarnings, type SayWarning } from "./preparation-warnings.ts";

/** What a manager's options say of it. */
export type PreparerOptions = Pick<RequestManagerOptions, "provider" | "prices" | "context" | "sanitize" | "countTokens">;

/** What is known of a model. */
interface ModelFacts {
  readonly windowTokens: number | undefined;
  readonly rules: readonly SanitizingRule[];
}

/** Makes requests ready for their models: takes out what these refuse, and what is too much for them. The same request comes out the same. */
export class Preparer {
  readonly #context: "off" | "warn" | "truncate";
  readonly #sanitize: "off" | "warn" | "fix";
  readonly #options: PreparerOptions;
  readonly #costs: Costs;
  readonly #emit: Observer;
  readonly #warnings: PreparationWarnings;
  readonly #facts = new WeakMap<PricedModel, ModelFacts>();

  /** @param emit Receives what `tell` tells. */
  constructor(
    options: PreparerOptions,
    costs: Costs = new Costs(options.provider, options.prices),
    emit: Observer = () => undefined,
  ) {
    this.#context = options.prices === undefined ? "off" : (options.context ?? "off");
    this.#sanitize = options.sanitize ?? "off";
    this.#options = options;
    this.#costs = costs;
    this.#emit = emit;
    const say: SayWarning = (message, line) => emit({ type: "warning", message, ...line });
    const isCut = this.#context === "truncate";
    this.#warnings = new PreparationWarnings(say, true, isCut ? "; it is sent as it is, for it has no older turns to spare" : "");
  }

  /** Its model is that of the target that would be asked first. */
  prepare(request: BatchRequest): Preparation {
    if (this.#context === "off" && this.#sanitize === "off") return { request };
    const model = this.#costs.modelOf(request);
    if (model === undefined) return { request };
    const { rules, windowTokens } = this.#factsOf(model);
    const found = this.#sanitize === "off" ? undefined : sanitize(request.path, request.body, rules);
    const fixed = this.#sanitize === "fix" ? found : undefined;
    const fitted = this.#fitted(fixed === undefined ? request : withBody(request, fixed.body, fixed.sanitizings), windowTokens);
    const refused = fixed === undefined ? (found?.sanitizings ?? []) : [];
    const change = {
      sanitized: fixed?.sanitizings.flatMap(({ changes }) => changes) ?? [],
      truncated: fitted.dropped,
    };
    const isChanged = change.sanitized.length + change.truncated.length > 0;
    const { overflow } = fitted;
    return {
      request: fitted.request,
      ...(isChanged && { change }),
      ...((overflow !== undefined || refused.length > 0) && { warning: { model: model.model, overflow, refused } }),
    };
  }

  /** The request as it is sent; a line that is none, as it is. */
  prepared(input: BatchInput): BatchInput {
    return input.kind === "request" ? this.prepare(input).request : input;
  }

  /** Emits what was changed, and what is odd. */
  tell({ request, change, warning }: Preparation): void {
    const { customId, lineNumber } = request;
    if (change !== undefined) this.#emit({ type: "request-changed", customId, lineNumber, ...change });
    if (warning !== undefined) this.#warnings.add(warning, request);
  }

  /** Emits how many more requests there were than were named. */
  sumUp(): void {
    this.#warnings.sumUp();
  }

  #fitted(request: BatchRequest, windowTokens: number | undefined): Fitted {
    if (windowTokens === undefined) return { request, dropped: [], overflow: undefined };
    const { countTokens } = this.#options;
    const count =
      countTokens === undefined
        ? estimateInputTokens
        : ({ body }: Pick<BatchRequest, "body">): number => countTokens({ ...request, body });
    const overflow = overflowOf(request, windowTokens, count);
    if (overflow === undefined) return { request, dropped: [], overflow };
    const truncation = this.#context === "truncate" ? truncate(request, overflow, count) : undefined;
    if (truncation === undefined) return { request, dropped: [], overflow };
    return { request: { ...request, body: truncation.body }, dropped: truncation.dropped, overflow: undefined };
  }

  #factsOf(model: PricedModel): ModelFacts {
    let facts = this.#facts.get(model);
    if (facts === undefined) {
      const windowTokens = this.#context === "off" ? undefined : this.#options.prices?.contextWindowOf(model);
      facts = { windowTokens, rules: this.#sanitize === "off" ? [] : rulesFor(model) };
      this.#facts.set(model, facts);
    }
    return facts;
  }
}

interface Fitted {
  readonly request: BatchRequest;
  /** What went. */
  readonly dropped: readonly string[];
  /** What it is too long by, where it stays so. */
  readonly overflow: Overflow | undefined;
}

/** What a rule adds may be the limit of the answer. */
function withBody(request: BatchRequest, body: string, sanitizings: readonly Sanitizing[]): BatchRequest {
  const added = sanitizings.map(({ rule: { change } }) => change).find((change) => "add" in change);
  return { ...request, body, ...(added?.add === "max_tokens" && { maxOutputTokens: added.value }) };
}
