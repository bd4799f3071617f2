import type { Attempt, FailedAttempt } from "../../model/attempt.ts";
import type { Cost } from "../../model/cost.ts";
import type { Candidate, Demand, Target } from "../../model/demand.ts";
import type { RateLimit } from "../../model/rate-limit.ts";
import { unservedModel } from "../../model/failure.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { Provider, SendOptions } from "../provider.ts";
import { withModel } from "./rewrite-model.ts";

/** One place to send requests to: a provider, with one key. */
export interface Place {
  /** For people: `openai`, or `openai, key 2`. Never the key. */
  readonly name: string;
  readonly provider: Provider;
  /** Those of this key alone. */
  readonly limits?: readonly RateLimit[];
}

/** Where the requests for one model can go. */
export interface Stop {
  /** Its place in the list of places. */
  readonly place: number;
  /** What the model is called there. */
  readonly model: string;
  /** Stops of the lowest rank are used as long as one of them is well. */
  readonly rank: number;
  readonly weight: number;
}

export interface RoutedProviderOptions {
  readonly name: string;
  /** May grow, as routes to more of them are asked for. */
  readonly places: readonly Place[];
  /** @returns the stops of a request, at least one; or, in words, why there is none. */
  readonly routeOf: (request: BatchRequest) => readonly Stop[] | string;
  /** Hears of each key that was refused, in words for a person. */
  readonly onEvicted: (message: string) => void;
}

/** A place that failed a request is asked again for it only after all others. */
const failedRank = 1_000_000;

/**
 * A provider made of several: keys of one account pool, deployments of one model, or other providers to fall back on. The limiter
 * chooses among them, at the moment when a request starts.
 *
 * A key that is refused (401, 403) is used no more while there are others, and its requests go elsewhere.
 */
export function createRoutedProvider(options: RoutedProviderOptions): Provider {
  return new RoutedProvider(options);
}

class RoutedProvider implements Provider {
  readonly name: string;
  readonly #targets: Target[] = [];
  readonly #options: RoutedProviderOptions;
  readonly #evicted = new Set<number>();

  constructor(options: RoutedProviderOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get targets(): readonly Target[] {
    const { places } = this.#options;
    for (const { name, limits = [] } of places.slice(this.#targets.length)) {
      const place = this.#targets.length;
      this.#targets.push({ name, limits, isEvicted: () => this.#evicted.has(place) });
    }
    return this.#targets;
  }

  /** That of the first stop, so that an answer is found again by whichever provider it came; another name of the model is another question. */
  endpoint(request: BatchRequest): string | undefined {
    const [first] = this.#stopsOf(request);
    if (first === undefined) return undefined;
    const endpoint = this.#providerAt(first.place)?.endpoint(request);
    return endpoint === undefined || first.model === request.model ? endpoint : `${endpoint}#${first.model}`;
  }

  refusal(request: BatchRequest): string | undefined {
    const route = this.#options.routeOf(request);
    return typeof route === "string" ? route : undefined;
  }

  estimate(request: BatchRequest): Cost {
    const [first] = this.#stopsOf(request);
    return this.#estimateAt(request, first);
  }

  route(request: BatchRequest, failed: ReadonlySet<number>): Demand {
    const stops = this.#stopsOf(request);
    void this.targets; // those of places that are new
    const candidates = stops.map((stop): Candidate => {
      const { place, weight } = stop;
      const rank = failed.has(place) ? stop.rank + failedRank : stop.rank;
      return { target: place, cost: this.#estimateAt(request, stop), rank, weight };
    });
    return { model: request.model, candidates: failed.size === 0 ? candidates : candidates.toSorted((a, b) => a.rank - b.rank) };
  }

  async send(request: BatchRequest, { signal, target, onChunk }: SendOptions): Promise<Attempt> {
    const stops = this.#options.routeOf(request);
    if (typeof stops === "string") return { ok: false, failure: unservedModel(request, stops) };
    const stop = target === undefined ? this.#firstInUse(stops) : stops.find(({ place }) => place === target);
    const provider = stop && this.#providerAt(stop.place);
    if (stop === undefined || provider === undefined)
      throw new Error(`a bug in llmbatch: ${request.model} is not served at ${target}`);
    const attempt = await provider.send(withModel(request, stop.model), { signal, onChunk });
    return attempt.ok || !isKeyRefused(attempt) ? attempt : this.#evict(attempt, stop.place, stops);
  }

  async close(): Promise<void> {
    const providers = new Set(this.#options.places.map(({ provider }) => provider));
    await Promise.all([...providers].map((provider) => provider.close()));
  }

  /** @returns the attempt, to be repeated elsewhere if there is anywhere else. */
  #evict(attempt: FailedAttempt, place: number, stops: readonly Stop[]): FailedAttempt {
    const left = stops.filter((stop) => stop.place !== place && !this.#evicted.has(stop.place));
    if (left.length === 0) return attempt;
    if (!this.#evicted.has(place)) {
      this.#evicted.add(place);
      const name = this.#options.places[place]?.name ?? "a key";
      this.#options.onEvicted(`${name} is refused and used no more; ${left.length} left (${attempt.failure.message})`);
    }
    return { ...attempt, failure: { ...attempt.failure, retryable: true } };
  }

  #firstInUse(stops: readonly Stop[]): Stop | undefined {
    return stops.find(({ place }) => !this.#evicted.has(place)) ?? stops[0];
  }

  #stopsOf(request: BatchRequest): readonly Stop[] {
    const route = this.#options.routeOf(request);
    return typeof route === "string" ? [] : route;
  }

  #estimateAt(request: BatchRequest, stop: Stop | undefined): Cost {
    const provider = stop && this.#providerAt(stop.place);
    const cost = provider?.estimate(request) ?? { model: request.model, inputTokens: 0, counting: "input" };
    // Limits are kept by the name that the provider knows the model by.
    return { ...cost, model: stop?.model ?? request.model };
  }

  #providerAt(place: number): Provider | undefined {
    return this.#options.places[place]?.provider;
  }
}

function isKeyRefused({ failure }: FailedAttempt): boolean {
  return failure.kind === "authentication" || failure.kind === "permission" || failure.kind === "insufficient_quota";
}
