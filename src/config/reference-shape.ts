import { member } from "../json/json-value.ts";
import { closestTo } from "../model/closest.ts";

/**
 * Translates SimpleLLMFunc's provider.json, `{ "openrouter": [{ "model_name", "api_keys", "base_url", "rate_limit_capacity",
 * "rate_limit_refill_rate", "max_retries", "retry_delay" }] }`. Each entry becomes a provider with a pool of keys and two routes: the
 * model's name leads to all entries of that model, `openrouter/` and the model's name to this vendor's alone: `openai/gpt-4o` to OpenAI's
 * `gpt-4o` where the file has one, and not to OpenRouter's model of that name. Retries apply to the whole run: the maximum of all entries.
 *
 * @returns `content` in our shape; unchanged if nothing in it has that shape.
 */
export function readReferenceShape(content: object): Record<string, unknown> {
  const ours = new Map<string, unknown>();
  const providers = new Map<string, unknown>();
  const byVendor = new Map<string, Route>();
  const byModel = new Map<string, Route>();
  for (const [vendor, value] of Object.entries(content)) {
    if (!isModelList(value)) ours.set(vendor, value);
    else for (const entry of value) addEntry(vendor, entry, providers, byVendor, byModel);
  }
  const own = Object.fromEntries(ours);
  if (providers.size === 0) return own;
  const entries = Object.values(content).filter(isModelList).flat();
  const routes = Object.fromEntries([...byModel, ...byVendor]);
  return { providers: Object.fromEntries(providers), routes, ...retriesOf(entries), ...own };
}

function retriesOf(entries: readonly ModelEntry[]): object {
  const retries = entries.map(({ max_retries: retry }) => retry).filter((retry) => typeof retry === "number");
  const delays = entries.map(({ retry_delay: seconds }) => seconds).filter((seconds) => typeof seconds === "number");
  return {
    ...(retries.length > 0 && { max_retries: Math.max(...retries) }),
    ...(delays.length > 0 && { retry_delay: Math.max(...delays) }),
  };
}

interface Route {
  readonly to: { readonly provider: string; readonly model: string }[];
}

function addEntry(
  vendor: string,
  entry: ModelEntry,
  providers: Map<string, unknown>,
  byVendor: Map<string, Route>,
  byModel: Map<string, Route>,
): void {
  const model = entry.model_name;
  const name = `${vendor}/${model}`;
  const provider = unusedName(name, providers);
  providers.set(provider, providerOf(vendor, entry));
  addTo(byVendor, name, { provider, model });
  addTo(byModel, model, { provider, model });
}

function addTo(routes: Map<string, Route>, name: string, step: Route["to"][number]): void {
  const route = routes.get(name) ?? { to: [] };
  route.to.push(step);
  routes.set(name, route);
}

/** A vendor may have several entries for one model, with different keys or addresses. */
function unusedName(name: string, used: ReadonlyMap<string, unknown>): string {
  let unused = name;
  for (let number = 2; used.has(unused); number += 1) unused = `${name} (${number})`;
  return unused;
}

interface ModelEntry {
  readonly model_name: string;
  readonly api_keys?: unknown;
  readonly base_url?: unknown;
  readonly rate_limit_capacity?: unknown;
  readonly rate_limit_refill_rate?: unknown;
  readonly max_retries?: unknown;
  /** In seconds. */
  readonly retry_delay?: unknown;
}

function isModelList(value: unknown): value is readonly ModelEntry[] {
  return Array.isArray(value) && value.length > 0 && value.every(isModelEntry);
}

function isModelEntry(value: unknown): value is ModelEntry {
  return typeof member(value, "model_name") === "string";
}

function providerOf(preset: string, entry: ModelEntry): unknown {
  const { model_name: model, api_keys, base_url } = entry;
  const limit = limitOf(entry);
  return {
    models: [model],
    ...(base_url === undefined ? { preset } : { base_url }),
    ...(api_keys !== undefined && { api_keys }),
    ...(limit !== undefined && { limits: [limit] }),
  };
}

/** `rate_limit_refill_rate` is requests per second, 1 if only a capacity is given; `rate_limit_capacity` may start at once. For each key. */
function limitOf({ rate_limit_capacity: capacity, rate_limit_refill_rate: rate }: ModelEntry): string | undefined {
  const burst = isAbove0(capacity) ? `,burst=${capacity}` : "";
  const perSecond = isAbove0(rate) ? rate : 1;
  return burst === "" && !isAbove0(rate) ? undefined : `requests=${perSecond}/1s${burst}`;
}

function isAbove0(value: unknown): value is number {
  return typeof value === "number" && value > 0;
}

const entryKeys = [
  "model_name",
  "api_keys",
  "base_url",
  "rate_limit_capacity",
  "rate_limit_refill_rate",
  "max_retries",
  "retry_delay",
];

/** For a person: keys of entries that have no effect, each once. */
export function unusedKeys(content: object): string[] {
  const places = new Map<string, string[]>();
  for (const [vendor, value] of Object.entries(content)) {
    for (const entry of isModelList(value) ? value : [])
      for (const key of Object.keys(entry).filter((name) => !entryKeys.includes(name)))
        places.set(key, [...(places.get(key) ?? []), `${vendor}/${entry.model_name}`]);
  }
  return [...places].map(([key, where]) => {
    const closest = closestTo(key, entryKeys);
    const hint = closest === undefined ? "" : `; did you mean "${closest}"?`;
    return `"${key}" has no effect (${where.join(", ")})${hint}`;
  });
}
