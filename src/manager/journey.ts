import type { Asker, Demand, Target } from "../model/demand.ts";
import type { FailedAttempt } from "../model/attempt.ts";
import { type Failure, hasFailedEverywhere, isModelRefusal, isThrottled, type TriedProvider } from "../model/failure.ts";
import type { BatchRequest } from "../model/request.ts";
import { addUsd } from "../model/usage.ts";
import { demandAt, type Provider } from "../providers/providers.ts";
import type { Reservation } from "./money/reservation.ts";
import type { Refusals } from "./stops/refusals.ts";
import type { Preparation } from "./preparing/preparation.ts";
import type { CountTokens } from "./request-manager-options.ts";
import type { RequestName } from "./request-names.ts";

/** One request on its way through a run: its names, how often it was asked, and the targets where it failed. */
export class Journey {
  /** As it is sent. */
  readonly request: BatchRequest;
  /** What was changed of it; undefined where nothing was. */
  readonly dropped: readonly string[] | undefined;
  /** How many requests came before it. */
  readonly index: number;
  /** Of its result: `batch_req_…`. */
  readonly id: string;
  /** The number of the latest attempt, 1 for the first. */
  attempt = 0;
  /** HTTP calls made for it. */
  sent = 0;
  /** Of the latest one. */
  latencyMs = 0;
  /** Of all attempts, in US dollars; null once the price of one was not known. */
  costUsd: number | null = 0;
  /** What its answer would have cost, were it not in the cache. */
  savedUsd?: number | null;
  /** Sent in its place from now on: the request with its last answer, and what was wrong with that. */
  repair?: BatchRequest | undefined;
  /** What is kept free for its attempt under way; undefined where there is no budget. */
  reservation: Reservation | undefined;
  #target: Target | undefined;
  /** When that one began to wait for a slot, in monotonic milliseconds. */
  askedAtMs = 0;
  readonly #name: RequestName;
  readonly #provider: Provider;
  readonly #refusals: Refusals | undefined;
  readonly #countTokens: CountTokens | undefined;
  /** By the program's own count, which is asked once. */
  #inputTokens: number | undefined;
  /** The latest failure at each target, in the order in which they were first asked. Undefined where there is one target only. */
  #failures: Map<Target, Failure> | undefined;
  /** Failed attempts at targets that bound their retries. Most runs have none. */
  #spent: Map<Target, number> | undefined;
  #lastTarget: Target | undefined;
  #lastMessage = "";
  #goesFirst = false;
  #asker: Asker | undefined;
  #demand: Demand | undefined;

  /** @param refusals Of its run. @param countTokens Takes the place of its providers' estimates. */
  constructor(
    { request, change }: Preparation,
    index: number,
    name: RequestName,
    provider: Provider,
    refusals?: Refusals,
    countTokens?: CountTokens,
  ) {
    this.request = request;
    this.dropped = change && [...change.sanitized, ...change.truncated];
    this.index = index;
    this.id = name.id;
    this.#name = name;
    this.#provider = provider;
    this.#refusals = refusals;
    this.#countTokens = countTokens;
  }

  /** Of its answer in the cache. */
  get key(): string {
    return this.#name.key;
  }

  /** What is sent next. */
  get asked(): BatchRequest {
    return this.repair ?? this.request;
  }

  /** What it needs to start. Targets where it has not failed yet come first, those that refuse its model are left out. */
  get demand(): Demand {
    const { asked } = this;
    const estimated = demandAt(this.#provider, asked, this.#failures && new Set(this.#failures.keys()));
    this.#inputTokens ??= this.#countTokens?.(asked);
    const demand = this.#inputTokens === undefined ? estimated : withInputTokens(estimated, this.#inputTokens);
    const allowed = this.#refusals?.allowed(demand, this.request.model) ?? demand;
    const candidates = this.#spent === undefined ? [] : allowed.candidates.filter(({ target }) => !this.#isSpent(target));
    const left = candidates.length === 0 ? allowed : { ...allowed, candidates };
    const turn = this.#goesFirst ? { goesFirst: true, ...left } : left;
    return (this.#demand = this.#asker === undefined ? turn : { asker: this.#asker, ...turn });
  }

  /** What its model is called at a target of its last demand. */
  modelAt(target: Target): string {
    const candidate = this.#demand?.candidates.find((one) => one.target === target);
    return candidate?.cost.model ?? this.request.model;
  }

  /** A new attempt begins to wait. */
  begin(attempt: number): void {
    if (this.attempt > 0) this.#goesFirst = true;
    this.attempt = attempt;
    this.askedAtMs = performance.now();
  }

  /** It starts before requests that were not asked before. */
  goFirst(): void {
    this.#goesFirst = true;
  }

  /** @default a batch without a name */
  askFor(asker: Asker | undefined): void {
    this.#asker = asker;
  }

  /** The name of a target; undefined where the provider has no other. */
  nameOf(target: Target): string | undefined {
    return target === this.#provider ? undefined : target.name;
  }

  /** The target that was asked last; undefined where none was, and it could be one of several. */
  get provider(): string | undefined {
    return this.#target?.name ?? (this.#provider.route === undefined ? this.#provider.name : undefined);
  }

  /** An attempt has begun there. */
  sentTo(target: Target): void {
    this.sent += 1;
    this.#target = target;
  }

  /** What an attempt cost. */
  spend(costUsd: number | null): void {
    this.costUsd = addUsd(this.costUsd, costUsd);
  }

  noteFailure(target: Target, failure: Failure): void {
    if (this.#provider.route === undefined) return;
    (this.#failures ??= new Map()).set(target, failure);
    this.#lastTarget = target;
    this.#lastMessage = failure.message;
  }

  /** Whether a target that is of use is left where it has not failed. */
  get canGoElsewhere(): boolean {
    if (this.#provider.route === undefined) return false;
    return this.demand.candidates.some(({ target }) => this.#failures?.has(target) !== true && !target.isEvicted?.());
  }

  /** An attempt that need not wait before the next one, if that goes to another target, says so. What one target refuses, another may do. */
  marked(attempt: FailedAttempt): FailedAttempt {
    const failure = this.#bounded(attempt.failure);
    const mayHelp = failure.retryable || failure.isForAll || isModelRefusal(failure);
    if (!mayHelp || !this.canGoElsewhere) return { ...attempt, failure };
    return { ...attempt, failure: { ...failure, retryable: true, canGoElsewhere: true } };
  }

  /** The failure as its user reads it: of several targets that were asked, what came of each. */
  explain(failure: Failure): Failure {
    const providersTried = [...(this.#failures ?? [])].map(([target, tried]) => this.#describe(target, tried));
    if (providersTried.length === 0) return failure;
    const explained = { ...failure, providersTried };
    if (providersTried.length === 1) return explained;
    const causes = providersTried.map(({ provider, message }) => `${provider}: ${message}`).join("; ");
    if (!hasFailedEverywhere(explained)) return { ...explained, message: `${failure.message} (tried ${causes})` };
    const { demand } = this;
    const count = this.#hasFailedAtAll(demand) ? "All" : `${providersTried.length} of ${demand.candidates.length}`;
    const message = `${count} providers failed for model '${this.request.model}': ${causes}${this.#afterword(failure)}`;
    const isMissing = providersTried.every((tried) => tried.kind === "model_not_found");
    return { ...explained, kind: isMissing ? "model_not_found" : "provider_error", message };
  }

  /** The failure, with what its target's own bound leaves. */
  #bounded(failure: Failure): Failure {
    const target = this.#lastTarget;
    if (target?.maxRetries === undefined || isThrottled(failure) || failure.outage !== undefined) return failure;
    const spent = (this.#spent?.get(target) ?? 0) + 1;
    (this.#spent ??= new Map()).set(target, spent);
    const isElsewhere = this.#isSpent(target) && this.demand.candidates.some((other) => !this.#isSpent(other.target));
    return isElsewhere ? failure : { ...failure, retriesLeft: Math.max(0, target.maxRetries + 1 - spent) };
  }

  #isSpent(target: Target): boolean {
    return (this.#spent?.get(target) ?? 0) > (target.maxRetries ?? Infinity);
  }

  #hasFailedAtAll({ candidates }: Demand): boolean {
    return candidates.every(({ target }) => this.#failures?.has(target));
  }

  #describe({ name: provider }: Target, { kind, message, statusCode }: Failure): TriedProvider {
    return { provider, kind, message, ...(statusCode !== undefined && { statusCode }) };
  }

  /** What was added to the last failure's message: why it was not asked again. */
  #afterword({ message }: Failure): string {
    return message.startsWith(this.#lastMessage) ? message.slice(this.#lastMessage.length) : "";
  }
}

function withInputTokens(demand: Demand, inputTokens: number): Demand {
  return { ...demand, candidates: demand.candidates.map((one) => ({ ...one, cost: { ...one.cost, inputTokens } })) };
}
