import type { Attempt, FailedAttempt } from "../../model/attempt.ts";
import type { MemberTexts } from "../../json/json-text.ts";
import type { Cost } from "../../model/cost.ts";
import type { Candidate, Demand, Target } from "../../model/demand.ts";
import { type Failure, isKeyRefusal, modelNotFound } from "../../model/failure.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { Provider, SendOptions } from "../provider.ts";
import { missingMembers, withDefaults } from "./default-members.ts";
import type { RouteTarget } from "./route-target.ts";
import { withModel } from "./rewrite-model.ts";

/** One step of a route: a target, and how it takes part. */
export interface RouteStep {
  readonly target: RouteTarget;
  /** What the model is called there. */
  readonly model: string;
  /** Steps of the lowest rank are used as long as one of their targets is well. */
  readonly rank: number;
  readonly weight: number;
  /** Members for bodies that do not have them. @default none */
  readonly defaults?: MemberTexts | undefined;
}

export interface RoutedProviderOptions {
  readonly name: string;
  /** Those that it closes. There may come to be more, as more are opened. */
  readonly targets: readonly RouteTarget[];
  /** @returns the steps of a request's route, at least one; or a message for a person, which names the model. */
  readonly routeOf: (request: BatchRequest) => readonly RouteStep[] | string;
  /** Receives a message for a person when a key was refused. */
  readonly onEvicted: (message: string) => void;
}

/** A target that failed a request is asked again for it only after all others. */
const failedRank = 1_000_000;

/**
 * A provider made of several: keys of one account pool, deployments of one model, or other providers to fall back on. The limiter
 * chooses among them, at the moment when a request starts.
 *
 * A key that is refused (401, or three times in a row for want of money) is used no more while there are others, and its requests go
 * elsewhere.
 */
export function createRoutedProvider(options: RoutedProviderOptions): Provider {
  return new RoutedProvider(options);
}

/** The steps of a request's route at a provider that `createRoutedProvider` made; undefined at any other. */
export function routeStepsOf(provider: Provider, request: BatchRequest): readonly RouteStep[] | string | undefined {
  return provider instanceof RoutedProvider ? provider.routeOf(request) : undefined;
}

class RoutedProvider implements Provider {
  readonly name: string;
  readonly #options: RoutedProviderOptions;

  constructor(options: RoutedProviderOptions) {
    this.name = options.name;
    this.#options = options;
  }

  routeOf(request: BatchRequest): readonly RouteStep[] | string {
    return this.#options.routeOf(request);
  }

  /**
   * That of the first step, so that an answer is found again by whichever provider it came. Another name of the model is another question,
   * and so is a body with other members.
   */
  endpoint(request: BatchRequest): string | undefined {
    const [first] = this.#stepsOf(request);
    const endpoint = first?.target.provider.endpoint(request);
    if (first === undefined || endpoint === undefined) return undefined;
    const added = missingMembers(request, first.defaults);
    const model = first.model === request.model ? "" : `#${first.model}`;
    return endpoint + model + (added === "" ? "" : `#{${added}}`);
  }

  refusal(request: BatchRequest): Failure | undefined {
    const route = this.#options.routeOf(request);
    if (typeof route === "string") return modelNotFound(route);
    return route[0]?.target.provider.refusal?.(request);
  }

  /** That of the first step, which comes with the model. */
  promptPath(asked: Pick<BatchRequest, "model" | "provider">): string | undefined {
    const [first] = this.#stepsOf({ kind: "request", lineNumber: 0, customId: "", path: "", body: "", ...asked });
    return first?.target.provider.promptPath?.(asked);
  }

  estimate(request: BatchRequest): Cost {
    const [first] = this.#stepsOf(request);
    return first === undefined ? { model: request.model, inputTokens: 0, counting: "input" } : estimateAt(request, first);
  }

  route(request: BatchRequest, failed: ReadonlySet<Target>): Demand {
    const candidates = this.#stepsOf(request).map((step): Candidate => {
      const { target, weight } = step;
      const rank = failed.has(target) ? step.rank + failedRank : step.rank;
      return { target, cost: estimateAt(request, step), rank, weight };
    });
    return { model: request.model, candidates: failed.size === 0 ? candidates : candidates.toSorted((a, b) => a.rank - b.rank) };
  }

  asSent(request: BatchRequest, target: Target): BatchRequest {
    const step = this.#stepsOf(request).find((known) => known.target === target);
    return step === undefined ? request : asSent(request, step);
  }

  async send(request: BatchRequest, { target, ...options }: SendOptions): Promise<Attempt> {
    const steps = this.#options.routeOf(request);
    if (typeof steps === "string") return { ok: false, failure: modelNotFound(steps), isUnbilled: true };
    const step = target === undefined ? firstInUse(steps) : steps.find((known) => known.target === target);
    if (step === undefined) throw new Error(`a bug in llmbatch: ${request.model} is not served at ${target?.name}`);
    const attempt = await step.target.provider.send(asSent(request, step), options);
    if (attempt.ok) step.target.succeeded();
    return attempt.ok || !isKeyRefusal(attempt.failure) ? attempt : this.#evict(attempt, step.target, steps);
  }

  async close(): Promise<void> {
    const providers = new Set(this.#options.targets.map(({ provider }) => provider));
    await Promise.all([...providers].map((provider) => provider.close()));
  }

  /** @returns the attempt, to be repeated elsewhere if there is anywhere else. */
  #evict(attempt: FailedAttempt, target: RouteTarget, steps: readonly RouteStep[]): FailedAttempt {
    const left = steps.filter((step) => step.target !== target && !step.target.isEvicted());
    if (left.length === 0) return attempt;
    const { failure } = attempt;
    if (target.evict(failure))
      this.#options.onEvicted(`${target.name} is refused and used no more; ${left.length} left (${failure.message})`);
    return { ...attempt, failure: { ...failure, retryable: true } };
  }

  #stepsOf(request: BatchRequest): readonly RouteStep[] {
    const route = this.#options.routeOf(request);
    return typeof route === "string" ? [] : route;
  }
}

function firstInUse(steps: readonly RouteStep[]): RouteStep | undefined {
  return steps.find(({ target }) => !target.isEvicted()) ?? steps[0];
}

/** Limits are kept by the name that the provider knows the model by. */
function estimateAt(request: BatchRequest, { target, model, defaults }: RouteStep): Cost {
  const cost = target.provider.estimate(withDefaults(request, defaults));
  return cost.model === model ? cost : { ...cost, model };
}

function asSent(request: BatchRequest, { model, defaults }: RouteStep): BatchRequest {
  return withModel(withDefaults(request, defaults), model);
}
