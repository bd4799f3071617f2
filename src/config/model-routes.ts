import { closestNames } from "../model/closest.ts";
import type { Options } from "./options.ts";
import type { ProviderConfig, RouteConfig } from "./provider-config.ts";

type RoutingOptions = Pick<Options, "base_url" | "provider" | "provider_is_named" | "providers" | "routes">;

/**
 * Where a model's requests go that name no provider: along the model's route; else to the providers that list it, in the order of the file;
 * else to the provider that its name begins with; else to the default, which takes any model unless it lists those that it has.
 *
 * @param isPreset Whether a provider has that name without being configured.
 * @returns undefined when no configured provider has it.
 */
export function findRoute(model: string, options: RoutingOptions, isPreset: (name: string) => boolean): RouteConfig | undefined {
  const { provider, provider_is_named: isNamed, base_url: baseUrl, providers, routes } = options;
  const route = routes[model];
  if (route !== undefined) return route;
  const listed = enabledProviders(options).filter((name) => hasModel(providers[name], model));
  if (isNamed && (listed.length === 0 || listed.includes(provider) || takesAny(providers[provider]))) return routeTo([provider]);
  const [, prefix = "", rest = ""] = /^([^/]+)\/(.+)$/s.exec(model) ?? [];
  const vendor = providers[prefix];
  if (!isNamed && vendor !== undefined && (takesAny(vendor) || hasModel(vendor, rest))) return routeTo([prefix], rest);
  if (listed.length > 0) return routeTo(listed);
  if (vendor !== undefined || isPreset(prefix)) return routeTo([prefix], rest);
  const byDefault = baseUrl === undefined ? defaultProvider(options) : provider;
  return byDefault === undefined ? undefined : routeTo([byDefault]);
}

/** Who is asked for a model that no provider lists; undefined where there is no such provider. */
export function defaultProvider(options: RoutingOptions): string | undefined {
  const { provider, provider_is_named: isNamed, providers } = options;
  if (isNamed || Object.keys(providers).length === 0) return provider;
  const names = enabledProviders(options);
  const [only = provider] = names.length === 1 ? names : [];
  return names.includes(only) && takesAny(providers[only]) ? only : undefined;
}

/** The models that the configuration names, each with its route: first those of `routes`, then those that providers list. */
export function namedModels(options: RoutingOptions): ReadonlyMap<string, RouteConfig> {
  const names = enabledProviders(options).flatMap((name) => Object.keys(options.providers[name]?.models ?? {}));
  const found = [...Object.keys(options.routes), ...names].map((name) => [name, findRoute(name, options, () => false)] as const);
  return new Map(found.flatMap(([name, route]) => (route === undefined ? [] : [[name, route]])));
}

const maxNamesShown = 10;

/** For a person: that no provider has the model, and what there is. */
export function unknownModel(model: string, options: RoutingOptions): string {
  const names = [...namedModels(options).keys()];
  const closest = closestNames(model, names, 3).map((name) => JSON.stringify(name));
  const shown = names.slice(0, maxNamesShown).join(", ") + (names.length > maxNamesShown ? ", …" : "");
  const there = names.length === 0 ? "name one with --provider, or as PROVIDER/MODEL" : `there are: ${shown}`;
  const hint = closest.length === 0 ? there : `did you mean ${closest.join(" or ")}?`;
  return `Model '${model}' not found in any configured provider; ${hint}`;
}

function enabledProviders({ providers }: RoutingOptions): string[] {
  return Object.keys(providers).filter((name) => providers[name]?.enabled !== false);
}

/** By its name in the configuration, or by the provider's own. */
function hasModel(config: ProviderConfig | undefined, model: string): boolean {
  const models = config?.models ?? {};
  return models[model] !== undefined || Object.values(models).includes(model);
}

/** A provider that lists no models may have any. */
function takesAny(config: ProviderConfig | undefined): boolean {
  return config?.models === undefined;
}

function routeTo(names: readonly string[], model?: string): RouteConfig {
  return { strategy: "order", to: names.map((provider) => ({ provider, ...(model !== undefined && { model }) })) };
}
