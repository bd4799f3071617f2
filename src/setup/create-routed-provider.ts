import { type Options, parseOptions } from "../config/options.ts";
import { closestNames, refuseUnknownOptions } from "../model/closest.ts";
import { ConfigurationError, emitWarning } from "../model/errors.ts";
import type { BatchRequest } from "../model/request.ts";
import { createPriceBook } from "../pricing/pricing.ts";
import {
  createRoutedProvider as createProviderOfSteps,
  type Provider,
  RouteTarget,
  type RouteStep,
  routeStepsOf,
} from "../providers/providers.ts";
import { RouteTable } from "./route-table.ts";

/** Where the requests for a model go, as in the configuration file. */
export interface Route {
  /**
   * `order`: the first that is well; `cheapest`: the same, by `prices`; `least-loaded` and `weighted` share the load.
   *
   * @default "order"
   */
  readonly strategy?: "order" | "cheapest" | "least-loaded" | "weighted";
  readonly to: readonly {
    /** Its name in the first argument. */
    readonly provider: string;
    /** What it calls the model. @default the route's name */
    readonly model?: string;
    /** Its share, for `weighted`. @default 1 */
    readonly weight?: number;
  }[];
}

export interface CreateRoutedProviderOptions {
  /** By model. @default none: models go to the providers that `models` names, or that their names begin with: `gpu/llama` */
  readonly routes?: Readonly<Record<string, Route>>;
  /** The models that each provider has, or its names of them by yours: those are routes in the order of the providers. @default any */
  readonly models?: Readonly<Record<string, readonly string[] | Readonly<Record<string, string>>>>;
  /** US dollars for a million tokens, by `MODEL` or `PROVIDER/MODEL`, for `cheapest`. @default none */
  readonly prices?: Readonly<Record<string, { readonly input: number; readonly output: number }>>;
  /** Called for each key that its provider rejects. @default process.emitWarning */
  readonly onWarning?: (message: string) => void;
}

/**
 * One provider of several, yours or made by `createProvider`: what fails at one goes to the next of its route.
 *
 * @param providers By the names that requests, routes and results use. They are closed with it.
 * @throws ConfigurationError when there is no such option, or a route leads to a provider that there is not.
 * @example
 * const provider = createRoutedProvider({ gpu, cloud }, { routes: { llama: { to: [{ provider: "gpu" }, { provider: "cloud" }] } } });
 */
export function createRoutedProvider(
  providers: Readonly<Record<string, Provider>>,
  routing: CreateRoutedProviderOptions = {},
): Provider {
  refuseUnknownOptions("createRoutedProvider", routing, ["routes", "models", "prices", "onWarning"]);
  const { onWarning = emitWarning } = routing;
  const options = optionsOf(providers, routing);
  const own = new Map(Object.entries(providers).map(([name, provider]) => [name, new RouteTarget(name, provider)]));
  const isProvider = (name: string): boolean => own.has(name);
  const openTargets = (name: string): readonly RouteTarget[] => {
    const target = own.get(name);
    if (target === undefined) throw new ConfigurationError(unknownProvider(name, own.keys()));
    return [target];
  };
  const prices = createPriceBook({ prices: [options.prices] });
  const table = new RouteTable({ options, isProvider, openTargets, needsOne: false, prices, onWarning });
  const inner = new InnerSteps();
  const routeOf = (request: BatchRequest): readonly RouteStep[] | string => {
    const steps = table.routeOf(request);
    return typeof steps === "string" ? steps : inner.of(steps, request);
  };
  return createProviderOfSteps({ name: "routed", targets: [...own.values()], routeOf, onEvicted: onWarning });
}

/** @throws ConfigurationError when they cannot be used. */
function optionsOf(providers: Readonly<Record<string, Provider>>, routing: CreateRoutedProviderOptions): Options {
  const { routes = {}, models = {}, prices = {} } = routing;
  const names = Object.keys(providers);
  const missing = Object.keys(models).find((name) => !names.includes(name));
  if (missing !== undefined) throw new ConfigurationError(`createRoutedProvider: models: ${unknownProvider(missing, names)}`);
  const configs = names.map((name) => [name, models[name] === undefined ? {} : { models: models[name] }]);
  const parsed = parseOptions({ providers: Object.fromEntries(configs), routes, prices });
  if ("issues" in parsed) {
    const [{ key, path, expected } = { key: "", path: "", expected: undefined }] = parsed.issues;
    const what = expected === undefined ? "there is no such member" : `expected ${expected}`;
    throw new ConfigurationError(`createRoutedProvider: ${key}${path}: ${what}`);
  }
  for (const [model, { to }] of Object.entries(parsed.options.routes))
    for (const { provider } of to)
      if (!names.includes(provider))
        throw new ConfigurationError(`createRoutedProvider: routes.${model}: ${unknownProvider(provider, names)}`);
  return parsed.options;
}

function unknownProvider(name: string, names: Iterable<string>): string {
  const all = [...names];
  const [closest] = closestNames(name, all, 1);
  const hint = closest === undefined ? `there are: ${all.join(", ")}` : `did you mean ${JSON.stringify(closest)}?`;
  return `there is no provider ${JSON.stringify(name)}; ${hint}`;
}

/** Keys and names of models of a provider that `createProvider` made take part one by one, with limits of their own. */
class InnerSteps {
  /** By the steps of the table, which are the same array for a model each time. */
  readonly #known = new WeakMap<readonly RouteStep[], readonly RouteStep[] | string>();
  readonly #targets = new Map<RouteTarget, Map<RouteTarget, RouteTarget>>();

  /** @returns a message where no provider serves the model. */
  of(steps: readonly RouteStep[], request: BatchRequest): readonly RouteStep[] | string {
    const known = this.#known.get(steps);
    if (known !== undefined) return known;
    const all = steps.map((step) => this.#within(step, request));
    const served = all.flatMap((one) => (typeof one === "string" ? [] : one));
    const found = served.length === 0 ? all.join("; ") : served;
    this.#known.set(steps, found);
    return found;
  }

  #within(step: RouteStep, request: BatchRequest): readonly RouteStep[] | string {
    const { provider: _, ...asked } = { ...request, model: step.model };
    const inner = routeStepsOf(step.target.provider, asked);
    if (inner === undefined) return [step];
    if (typeof inner === "string") return inner;
    return inner.map(({ target, model, rank, weight, defaults }) => ({
      target: this.#renamed(target, step.target),
      model,
      rank: step.rank + rank / maxInnerRank,
      weight: step.weight * weight,
      defaults,
    }));
  }

  /** `openai, key 2`, one of whose keys it is, by the name that its provider has here. */
  #renamed(target: RouteTarget, outer: RouteTarget): RouteTarget {
    const known = this.#targets.get(outer) ?? new Map<RouteTarget, RouteTarget>();
    this.#targets.set(outer, known);
    const { name: innerName } = outer.provider;
    const name = target.name.startsWith(innerName)
      ? outer.name + target.name.slice(innerName.length)
      : `${outer.name}: ${target.name}`;
    const renamed = known.get(target) ?? new RouteTarget(name, target.provider, target);
    known.set(target, renamed);
    return renamed;
  }
}

const maxInnerRank = 1_000;
