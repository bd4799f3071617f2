import { z } from "zod";
import type { RateLimit } from "../model/rate-limit.ts";
import { Secret } from "./secret.ts";
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
  /** The provider's own names of models, by the names that lines use: those that it has. @default any */
  readonly models?: Readonly<Record<string, string>> | undefined;
  /** Whether requests go there. @default true */
  readonly enabled?: boolean | undefined;
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

/** US dollars per million tokens. */
export interface PriceConfig {
  readonly input: number;
  readonly output: number;
}

const name = z.string("a text").min(1, "a text that is not empty");

const rateLimit = name.transform((value, context) => {
  const limit = parseRateLimit(value);
  if (limit === undefined) context.addIssue(`a limit such as ${rateLimitExample}`);
  return limit ?? z.NEVER;
});

/** Values by names that the user chooses; without a prototype, because a user may choose `constructor`. */
function byName<Value>(value: z.ZodType<Value>, expected?: string): z.ZodType<Record<string, Value>> {
  return z.record(name, value, expected).transform((record): typeof record => Object.setPrototypeOf(record, null));
}

/** A list is of the provider's own names. */
const models: z.ZodType<Record<string, string>> = z
  .union(
    [z.array(name), z.record(name, name)],
    'a list of models, or names of your own and the provider\'s: {"fast": "gpt-5.4-mini"}',
  )
  .transform((value) => {
    const record = Array.isArray(value) ? Object.fromEntries(value.map((id) => [id, id])) : value;
    return Object.setPrototypeOf(record, null);
  });

export const providersSchema: z.ZodType<Record<string, ProviderConfig>> = byName(
  z.strictObject({
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
    limits: z.array(rateLimit, "a list of limits").optional(),
    models: models.optional(),
    enabled: z.boolean("true or false").optional(),
  }),
  "providers by name",
);

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

export const pricesSchema: z.ZodType<Record<string, PriceConfig>> = byName(
  z.strictObject({
    input: z.number("dollars for a million tokens").nonnegative("dollars for a million tokens"),
    output: z.number("dollars for a million tokens").nonnegative("dollars for a million tokens"),
  }),
  "prices by model",
);
