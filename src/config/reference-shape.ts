/**
 * Reads another shape of configuration that is in use, `{ "openai": [{ "model_name", "api_keys", "base_url", "rate_limit_capacity",
 * "rate_limit_refill_rate" }] }` (SimpleLLMFunc's provider.json): a provider for each model, with its keys in a pool, and a route of the
 * model's name to all that have it.
 *
 * @returns `content` in our shape; as it is, where nothing in it has that shape.
 */
export function readReferenceShape(content: object): Record<string, unknown> {
  const ours: Record<string, unknown> = {};
  const providers: Record<string, unknown> = {};
  const routes: Record<string, { to: { provider: string }[] }> = {};
  for (const [name, value] of Object.entries(content)) {
    if (!isModelList(value)) {
      ours[name] = value;
      continue;
    }
    for (const entry of value) {
      const provider = `${name}/${entry.model_name}`;
      providers[provider] = providerOf(name, entry);
      (routes[entry.model_name] ??= { to: [] }).to.push({ provider });
    }
  }
  return Object.keys(providers).length === 0 ? ours : { providers, routes, ...ours };
}

interface ModelEntry {
  readonly model_name: string;
  readonly api_keys?: unknown;
  readonly base_url?: unknown;
  readonly rate_limit_capacity?: unknown;
  readonly rate_limit_refill_rate?: unknown;
}

function isModelList(value: unknown): value is readonly ModelEntry[] {
  return Array.isArray(value) && value.length > 0 && value.every(isModelEntry);
}

function isModelEntry(value: unknown): value is ModelEntry {
  return typeof value === "object" && value !== null && "model_name" in value && typeof value.model_name === "string";
}

/** `rate_limit_refill_rate` is requests a second, for each key. */
function providerOf(preset: string, { api_keys, base_url, rate_limit_refill_rate: perSecond }: ModelEntry): unknown {
  return {
    ...(base_url === undefined ? { preset } : { base_url }),
    ...(api_keys !== undefined && { api_keys }),
    ...(typeof perSecond === "number" && perSecond > 0 && { limits: [`requests=${perSecond}/1s`] }),
  };
}
