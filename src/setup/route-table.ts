import { findRoute, unknownModel } from "../config/model-routes.ts";
import type { Options } from "../config/options.ts";
import { leadsOnlyTo, type ProviderConfig, type RouteConfig } from "../config/provider-config.ts";
import type { MemberTexts } from "../json/json-text.ts";
import { ConfigurationError } from "../model/errors.ts";
import { unservedModel } from "../model/failure.ts";
import type { BatchRequest } from "../model/request.ts";
import { noUsage } from "../model/usage.ts";
import type { PriceBook } from "../pricing/pricing.ts";
import type { RouteStep, RouteTarget } from "../providers/providers.ts";

interface RouteTableOptions {
  readonly options: Options;
  /** Opens a provider by its name, once for each of its keys. @throws ConfigurationError when it cannot be used. */
  readonly openTargets: (provider: string) => readonly RouteTarget[];
  /** Whether a provider or a preset has that name. */
  readonly isProvider: (name: string) => boolean;
  /** Whether to throw a ConfigurationError when a provider cannot be used and none was opened before. If not, it is a failure of each such request. */
  readonly needsOne: boolean;
  /** Which entry of a route is the cheapest. @default all are alike */
  readonly prices?: PriceBook | undefined;
  /** Called once for each provider that is left out of its routes, with a message for a person. */
  readonly onWarning: (message: string) => void;
}

/** A file may name any number of models. */
const maxRememberedRoutes = 10_000;

/** Finds the steps of each request's route, and opens providers when the first request needs them. */
export class RouteTable {
  readonly #options: RouteTableOptions;
  #hasOpened = false;
  readonly #leftOut = new Set<string>();
  readonly #known = new Map<string, readonly RouteStep[] | string>();

  constructor(options: RouteTableOptions) {
    this.#options = options;
  }

  /** @returns the steps, or a message that says why there are none. */
  readonly routeOf = ({ model, provider }: BatchRequest): readonly RouteStep[] | string => {
    const key = `${provider ?? ""} ${model}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= maxRememberedRoutes) this.#known.clear();
    const route = this.#find(model, provider);
    this.#known.set(key, route);
    return route;
  };

  /** Opens a provider, once for each of its keys. @throws ConfigurationError when it cannot be used. */
  open(provider: string): readonly RouteTarget[] {
    const opened = this.#options.openTargets(provider);
    this.#hasOpened = true;
    return opened;
  }

  #find(model: string, provider: string | undefined): readonly RouteStep[] | string {
    const { needsOne, isProvider, options } = this.#options;
    try {
      if (provider !== undefined) return this.#stepsOf(provider, model);
      const route = findRoute(model, options, isProvider);
      return route === undefined ? this.#withoutProvider(model) : this.#stepsOn(route, model);
    } catch (error) {
      const isTheEnd = needsOne && !this.#hasOpened && (provider === undefined || isProvider(provider));
      if (!(error instanceof ConfigurationError) || isTheEnd) throw error;
      return provider === undefined ? unservedModel(model, error.message).message : error.message;
    }
  }

  /** A vendor of provider.json has a provider for each of its models, and a route to it. */
  #stepsOf(provider: string, model: string): readonly RouteStep[] {
    const { providers, routes } = this.#options.options;
    const route = providers[provider] === undefined ? routes[`${provider}/${model}`] : undefined;
    return route !== undefined && leadsOnlyTo(provider, route)
      ? this.#stepsOn(route, model)
      : this.#stepsAt(provider, model, 0, 1);
  }

  /** A line that names such a model fails alone. @throws ConfigurationError when the options name it for all lines. */
  #withoutProvider(model: string): string {
    const { needsOne, options } = this.#options;
    const message = unknownModel(model, options);
    if (needsOne && !this.#hasOpened && model === options.model) throw new ConfigurationError(message);
    return message;
  }

  #stepsOn({ strategy, to }: RouteConfig, model: string): readonly RouteStep[] {
    const groups: (readonly RouteStep[])[] = [];
    const unusable = new Map<string, string>();
    const { providers } = this.#options.options;
    for (const [index, { provider, model: own = model, weight = 1 }] of to.entries()) {
      try {
        groups.push(this.#stepsAt(provider, own, strategy === "order" ? index : 0, weight));
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        unusable.set(provider, error.message);
      }
    }
    if (groups.length === 0) throw new ConfigurationError([...unusable.values()].join("; "));
    for (const [provider, why] of unusable) if (providers[provider]?.enabled !== false) this.#leaveOut(provider, why);
    if (strategy === "cheapest") return this.#cheapestFirst(groups);
    return groups.flat().toSorted((a, b) => a.rank - b.rank);
  }

  #leaveOut(provider: string, why: string): void {
    if (this.#leftOut.has(provider)) return;
    this.#leftOut.add(provider);
    this.#options.onWarning(`${provider} is left out of its routes, and the others serve: ${why}`);
  }

  /** By the price of as many tokens in as out. Entries without a price come last. */
  #cheapestFirst(groups: readonly (readonly RouteStep[])[]): readonly RouteStep[] {
    const priced = groups.map((steps) => ({ steps, usd: this.#priceAt(steps) }));
    return priced.toSorted((a, b) => a.usd - b.usd || 0).flatMap(({ steps }, rank) => steps.map((step) => ({ ...step, rank })));
  }

  /** Embeddings have a price of input alone. */
  #priceAt([step]: readonly RouteStep[]): number {
    const { prices } = this.#options;
    if (prices === undefined || step === undefined) return Infinity;
    const priced = { baseUrl: step.target.baseUrl, provider: step.target.name, model: step.model };
    const input = { ...noUsage, promptTokens: 1000 };
    return prices.costOf({ ...input, completionTokens: 1000 }, priced) ?? prices.costOf(input, priced) ?? Infinity;
  }

  #stepsAt(provider: string, model: string, rank: number, weight: number): readonly RouteStep[] {
    const config = this.#options.options.providers[provider];
    if (config?.enabled === false)
      throw new ConfigurationError(`the provider ${JSON.stringify(provider)} is switched off: "enabled" is false`);
    const targets = this.open(provider);
    const name = config?.models?.[model] ?? model;
    const defaults = defaultsOf(config, model);
    return targets.map((target) => ({ target, model: name, rank, weight: weight / targets.length, defaults }));
  }
}

/** The model's members win over its provider's. */
function defaultsOf({ set, model_sets: sets }: ProviderConfig = {}, model: string): MemberTexts | undefined {
  const own = sets?.[model];
  return own === undefined || set === undefined ? (own ?? set) : new Map([...set, ...own]);
}
