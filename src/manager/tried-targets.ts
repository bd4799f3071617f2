import type { Failure } from "../model/failure.ts";
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

/** Where attempts of one request failed, and why. */
export class TriedTargets {
  readonly #targets: readonly Target[];
  readonly #failures = new Map<number, Failure>();

  constructor(targets: readonly Target[]) {
    this.#targets = targets;
  }

  get failed(): ReadonlySet<number> {
    return new Set(this.#failures.keys());
  }

  note(target: number, failure: Failure): void {
    this.#failures.set(target, failure);
  }

  /** Whether there is no place left that could still do better. */
  areAllOf({ candidates }: Demand): boolean {
    return candidates.every(({ target }) => this.#failures.has(target));
  }

  /** The failure, saying of every place that was tried what came of it. */
  explain(failure: Failure): Failure {
    if (this.#failures.size < 2) return failure;
    const tried = [...this.#failures].map(([target, { message }]) => `${this.#targets[target]?.name ?? target}: ${message}`);
    return { ...failure, message: `${failure.message} (tried ${tried.join("; ")})` };
  }
}
