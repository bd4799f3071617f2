import type { Attempt } from "../model/attempt.ts";
import { type Failure, hasFailedEverywhere, type TriedProvider } from "../model/failure.ts";
import { type Demand, demandOf, type Target } from "../model/demand.ts";
import type { BatchRequest } from "../model/request.ts";
import type { Provider } from "../providers/provider.ts";

const nowhere: ReadonlySet<number> = new Set();

/** What a request needs to start, where it has not failed yet. @param tried Undefined of a provider that has one place only. */
export function demandAt(provider: Provider, request: BatchRequest, tried: TriedTargets | undefined): Demand {
  return provider.route?.(request, tried?.failed ?? nowhere) ?? demandOf(provider.estimate(request));
}

/** @returns undefined where there is no choice. */
export function noTriedTargets({ route, targets = [] }: Provider): TriedTargets | undefined {
  return route === undefined ? undefined : new TriedTargets(targets);
}

/** An attempt, marked if the request can go elsewhere after it. */
export function marked(attempt: Attempt, provider: Provider, request: BatchRequest, tried: TriedTargets): Attempt {
  if (attempt.ok || !attempt.failure.retryable) return attempt;
  if (tried.areAllOf(demandAt(provider, request, tried))) return attempt;
  return { ...attempt, failure: { ...attempt.failure, canGoElsewhere: true } };
}

/** The failure of a request as its user hears of it: of several places that were asked, what came of each. */
export function explain(failure: Failure, provider: Provider, request: BatchRequest, tried: TriedTargets | undefined): Failure {
  return tried === undefined ? failure : tried.explain(failure, request.model, demandAt(provider, request, tried));
}

/** Where attempts of one request failed, and why. */
export class TriedTargets {
  readonly #targets: readonly Target[];
  /** The latest of each, in the order in which they were first asked. */
  readonly #failures = new Map<number, Failure>();
  #last: Failure | undefined;

  constructor(targets: readonly Target[]) {
    this.#targets = targets;
  }

  get failed(): ReadonlySet<number> {
    return new Set(this.#failures.keys());
  }

  note(target: number, failure: Failure): void {
    this.#failures.set(target, failure);
    this.#last = failure;
  }

  /** Whether there is no place left that could still do better. */
  areAllOf({ candidates }: Demand): boolean {
    return candidates.every(({ target }) => this.#failures.has(target));
  }

  explain(failure: Failure, model: string, demand: Demand): Failure {
    const providersTried = [...this.#failures].map(([target, tried]) => this.#describe(target, tried));
    if (providersTried.length === 0) return failure;
    const explained = { ...failure, providersTried };
    if (providersTried.length === 1) return explained;
    const causes = providersTried.map(({ provider, message }) => `${provider}: ${message}`).join("; ");
    if (!hasFailedEverywhere(explained)) return { ...explained, message: `${failure.message} (tried ${causes})` };
    const count = this.areAllOf(demand) ? "All" : `${providersTried.length} of ${demand.candidates.length}`;
    return { ...explained, message: `${count} providers failed for model '${model}': ${causes}${this.#afterword(failure)}` };
  }

  #describe(target: number, { kind, message, statusCode }: Failure): TriedProvider {
    const provider = this.#targets[target]?.name ?? String(target);
    return { provider, kind, message, ...(statusCode !== undefined && { statusCode }) };
  }

  /** What was added to the last failure's message: why it was not asked again. */
  #afterword({ message }: Failure): string {
    const last = this.#last?.message ?? "";
    return message.startsWith(last) ? message.slice(last.length) : "";
  }
}
