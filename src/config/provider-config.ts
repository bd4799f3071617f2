import { z } from "zod";
import { type MemberTexts, memberTexts } from "../json/json-text.ts";
import type { RateLimit } from "../model/rate-limit.ts";
import type { OwnPrice } from "../pricing/pricing.ts";
import { count, dollars, duration, flag, positiveInteger } from "./values.ts";
import { Secret } from "./secrets/secret.ts";
import { parseRateLimit, rateLimitExample } from "./parse-rate-limit.ts";

/** A provider as the configuration file describes it. */
export interface ProviderConfig {
  /** @default the preset of the provider's own name */
  readonly preset?: string | undefined;
  readonly base_url?: string | undefined;
  /** `"$OPENAI_KEY_1"` names an environment variable. `limits` apply to each key. */
  readonly api_keys?: readonly Secret[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly limits?: readonly RateLimit[] | undefined;
  /** OpenAI's names of an account, as headers. */
  readonly organization?: string | undefined;
  readonly project?: string | undefined;
  /** For one attempt, in milliseconds. @default that of the run, as for the next four */
  readonly timeout?: number | undefined;
  /** In flight at most, with all keys together. */
  readonly concurrency?: number | undefined;
  /** Attempts after the first there, of one request. */
  readonly max_retries?: number | undefined;
  /** Whether every answer is asked for as a stream. */
  readonly stream?: boolean | undefined;
  /** Members for bodies that do not have them: JSON texts by key. */
  readonly set?: MemberTexts | undefined;
  /** The provider's own names of models, by the names that lines use: those that it has. @default any */
  readonly models?: Readonly<Record<string, string>> | undefined;
  /** The same as `set`, for models by the names that lines use; they win. */
  readonly model_sets?: Readonly<Record<string, MemberTexts>> | undefined;
  /** Tokens that request and answer may have together, for models by the names that lines use, or by the provider's own. */
  readonly context_windows?: Readonly<Record<string, number>> | undefined;
  /** Whether requests go there. @default true */
  readonly enabled?: boolean | undefined;
}

/** OpenAI's headers. */
export function accountHeaders({
  organization,
  project,
}: Pick<ProviderConfig, "organization" | "project">): Record<string, string> {
  return {
    ...(organization !== undefined && { "openai-organization": organization }),
    ...(project !== undefined && { "openai-project": project }),
  };
}

const strategies = ["order", "cheapest", "least-loaded", "weighted"] as const;

export interface RouteConfig {
  readonly strategy: (typeof strategies)[number];
  readonly to: readonly {
    readonly provider: string;
    readonly model?: string | undefined;
    readonly weight?: number | undefined;
  }[];
}

/** Whether a route leads to one vendor only, whose providers are called `vendor`, or `vendor/model` as those of provider.json are. */
export function leadsOnlyTo(vendor: string, { to }: RouteConfig): boolean {
  return to.every(({ provider }) => provider === vendor || provider.startsWith(`${vendor}/`));
}

const name = z.string("a text").min(1, "a text that is not empty");

const rateLimit = name.transform((value, context) => {
  const limit = parseRateLimit(value);
  if (limit === undefined) context.addIssue(`a limit such as ${rateLimitExample}`);
  return limit ?? z.NEVER;
});

/** Values by names that the user chooses; without a prototype, because a user may choose `constructor`. */
function byName<Value>(value: z.ZodType<Value>, expected?: string): z.ZodType<Record<string, Value>> {
  return z.record(name, value, expected).transform(withoutPrototype);
}

function withoutPrototype<Value>(record: Record<string, Value>): Record<string, Value> {
  return Object.setPrototypeOf(record, null);
}

const members = z.record(name, z.unknown(), 'an object such as {"temperature": 0}').transform(memberTexts);

const model = z
  .union([name, z.strictObject({ id: name.optional(), set: members.optional(), context_window: positiveInteger.optional() })])
  .transform((value) => (typeof value === "string" ? { id: value } : value));

const modelsExpected = `a list of models, or what the provider calls them by names of your own: {"fast": "gpt-5.4-mini"}`;

/** A list is of the provider's own names. */
const models = z
  .union([z.array(name), z.record(name, model)], modelsExpected)
  .transform((value) => (Array.isArray(value) ? Object.fromEntries(value.map((id) => [id, { id }])) : value));

/** By model. */
export const contextWindowsSchema: z.ZodType<Record<string, number>> = byName(
  positiveInteger,
  'tokens by model: {"MODEL": 128000}',
);

const providerShape = {
  preset: name.optional(),
  base_url: name.optional(),
  api_keys: z
    .array(
      name.transform((text) => new Secret(text)),
      'a list such as ["$OPENAI_KEY_1", "$OPENAI_KEY_2"]',
    )
    .min(1, "at least one key")
    .optional(),
  headers: byName(z.string("a text")).optional(),
  organization: name.optional(),
  project: name.optional(),
  limits: z.array(rateLimit, "a list of limits").optional(),
  timeout: duration.optional(),
  concurrency: positiveInteger.optional(),
  max_retries: count.optional(),
  stream: flag.optional(),
  set: members.optional(),
  models: models.optional(),
  context_windows: contextWindowsSchema.optional(),
  enabled: flag.optional(),
};

const provider = z.strictObject(providerShape).transform(({ models: named, context_windows: given, ...rest }): ProviderConfig => {
  const entries = Object.entries(named ?? {});
  const sets = entries.flatMap(([key, { set }]) => (set === undefined ? [] : [[key, set] as const]));
  const own = entries.flatMap(([key, { context_window: tokens }]) => (tokens === undefined ? [] : [[key, tokens] as const]));
  const windows = [...Object.entries(given ?? {}), ...own];
  const common = { ...rest, ...(windows.length > 0 && { context_windows: withoutPrototype(Object.fromEntries(windows)) }) };
  if (named === undefined) return common;
  return {
    ...common,
    models: withoutPrototype(Object.fromEntries(entries.map(([key, { id = key }]) => [key, id]))),
    ...(sets.length > 0 && { model_sets: withoutPrototype(Object.fromEntries(sets)) }),
  };
});

export const providersSchema: z.ZodType<Record<string, ProviderConfig>> = byName(provider, "providers by name");

export const routesSchema: z.ZodType<Record<string, RouteConfig>> = byName(
  z.strictObject({
    strategy: z.enum(strategies, strategies.join(", ")).default("order"),
    to: z
      .array(
        z.strictObject({
          provider: name,
          model: name.optional(),
          weight: z.number("a number above 0").positive("a number above 0").optional(),
        }),
        "a list of providers",
      )
      .min(1, "at least one provider"),
  }),
  "routes by model",
);

/** A client of `serve` as the configuration file describes it. */
export interface ClientConfig {
  /** As of `api_keys`. */
  readonly token: Secret;
  /** Of its share. @default 1 */
  readonly weight?: number | undefined;
  /** @default "live" */
  readonly priority?: "live" | "batch" | undefined;
  readonly limits?: readonly RateLimit[] | undefined;
  readonly max_in_flight?: number | undefined;
  /** In US dollars, in any 24 hours. */
  readonly max_cost?: number | undefined;
  /** Those that it may ask. @default all */
  readonly models?: readonly string[] | undefined;
  /** Whether it shares answers with batches and other such clients. @default "own" */
  readonly cache?: "own" | "shared" | undefined;
}

const clientShape = {
  token: name.transform((text) => new Secret(text)),
  weight: z.number("a number above 0").positive("a number above 0").optional(),
  priority: z.enum(["live", "batch"], "live or batch").optional(),
  limits: z.array(rateLimit, "a list of limits").optional(),
  max_in_flight: positiveInteger.optional(),
  max_cost: dollars.optional(),
  models: z.array(name, "a list of models").optional(),
  cache: z.enum(["own", "shared"], "own or shared").optional(),
};

export const clientsSchema: z.ZodType<Record<string, ClientConfig>> = byName(z.strictObject(clientShape), "clients by name");

const price = z.number("dollars for a million tokens").nonnegative("dollars for a million tokens");
const factor = z.number("a factor such as 0.5").nonnegative("a factor such as 0.5");

const priceShape = {
  input: price,
  output: price,
  cached_input: price.optional(),
  cache_write: price.optional(),
  reasoning: price.optional(),
  batch_factor: factor.optional(),
  flex_factor: factor.optional(),
  priority_factor: factor.optional(),
  context_window: positiveInteger.optional(),
};

/** By `MODEL` or `PROVIDER/MODEL`. */
export const pricesSchema: z.ZodType<Record<string, OwnPrice>> = byName(
  z.strictObject(priceShape, 'a price such as {"input": 0.4, "output": 1.6}, in dollars for a million tokens'),
  "prices by model",
);

/** The keys that stand within the file's objects, for hints. */
export const innerKeys: Readonly<Record<string, readonly string[]>> = {
  providers: [...Object.keys(providerShape), "id", "context_window"],
  routes: ["strategy", "to", "provider", "model", "weight"],
  prices: Object.keys(priceShape),
  clients: Object.keys(clientShape),
};
