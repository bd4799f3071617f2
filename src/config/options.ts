import { z } from "zod";
import type { OptionKey } from "./option-table.ts";
import {
  assignments,
  baseUrl,
  header,
  limit,
  type Limit,
  list,
  maxFailures,
  type Shard,
  shard,
  size,
  text,
} from "./option-values.ts";
import type { OwnPrice } from "../pricing/pricing.ts";
import {
  type ClientConfig,
  clientsSchema,
  pricesSchema,
  type ProviderConfig,
  providersSchema,
  type RouteConfig,
  routesSchema,
} from "./provider-config.ts";
import { count, dollars, duration, durationOrNone, flag, positiveInteger } from "./values.ts";

/** The options of `llmbatch run`, validated. Times are in milliseconds. Keys are those of the option table. */
export interface Options {
  readonly output?: string | undefined;
  readonly errors?: string | undefined;
  readonly annotate: boolean;
  readonly stats?: string | undefined;
  readonly log?: string | undefined;
  /** The folder for a log of bodies. */
  readonly log_bodies?: string | undefined;
  readonly model?: string | undefined;
  /** Pairs of a body field and its JSON text. */
  readonly set: readonly (readonly [key: string, json: string])[];
  /** The folder whose files may be sent. */
  readonly allow_files?: string | undefined;
  readonly stream: boolean;
  readonly provider: string;
  /** Whether `provider` was given. If not, a model's name may choose another: `anthropic/claude-…`. */
  readonly provider_is_named: boolean;
  readonly base_url?: string | undefined;
  readonly allow_http: boolean;
  readonly api_key_env?: string | undefined;
  readonly client_cert?: string | undefined;
  readonly client_key?: string | undefined;
  readonly header: readonly (readonly [name: string, value: string])[];
  readonly request_id_header?: string | undefined;
  readonly concurrency: number;
  readonly rpm?: number | undefined;
  readonly tpm?: number | undefined;
  readonly adaptive: boolean;
  readonly max_retries: number;
  readonly retry_delay: number;
  readonly max_retry_delay: number;
  readonly retry_empty: boolean;
  readonly max_wait: number;
  readonly timeout: number;
  readonly idle_timeout: number;
  readonly deadline?: number | undefined;
  readonly max_failures?: { readonly count: number } | { readonly share: number } | undefined;
  /** A file of prices, which win over `prices`. */
  readonly prices_file?: string | undefined;
  /** In US dollars. */
  readonly max_cost?: number | undefined;
  readonly max_tokens_total?: number | undefined;
  readonly count?: "fast" | "exact" | undefined;
  /** Lines of a first look. */
  readonly pilot?: number | undefined;
  readonly yes: boolean;
  readonly context: "off" | "warn" | "truncate";
  readonly sanitize: "off" | "warn" | "fix";
  readonly validate_output: boolean;
  readonly repair: boolean;
  readonly cache: "disk" | "memory" | "none";
  readonly cache_path?: string | undefined;
  readonly cache_ttl?: number | undefined;
  /** In bytes. */
  readonly max_cache_size?: number | undefined;
  readonly refresh: boolean;
  readonly dedupe: boolean;
  readonly skip_invalid: boolean;
  readonly unordered: boolean;
  /** Lines to be sent at most; may be Infinity. */
  readonly head: number;
  readonly shard?: Shard | undefined;
  readonly limit: Limit;
  /** The address of a Redis. */
  readonly queue?: string | undefined;
  readonly queue_prefix: string;
  readonly queue_secret_env?: string | undefined;
  readonly with_worker: boolean;
  readonly progress: "auto" | "bar" | "plain" | "json" | "none";
  readonly quiet: boolean;
  /** From here on only the configuration file has them. */
  readonly providers: Readonly<Record<string, ProviderConfig>>;
  readonly routes: Readonly<Record<string, RouteConfig>>;
  readonly prices: Readonly<Record<string, OwnPrice>>;
  /** Of `serve`. */
  readonly clients: Readonly<Record<string, ClientConfig>>;
}

const optionSchemas = {
  output: text.optional(),
  errors: text.optional(),
  annotate: flag.default(false),
  stats: text.optional(),
  log: text.optional(),
  log_bodies: text.optional(),
  model: text.optional(),
  set: assignments.default([]),
  allow_files: text.optional(),
  stream: flag.default(false),
  provider: text.optional(),
  base_url: baseUrl.optional(),
  allow_http: flag.default(false),
  api_key_env: text.optional(),
  client_cert: text.optional(),
  client_key: text.optional(),
  header: list(header).default([]),
  request_id_header: text.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "the name of a header such as X-Request-Id").optional(),
  concurrency: positiveInteger.default(100),
  rpm: positiveInteger.optional(),
  tpm: positiveInteger.optional(),
  adaptive: flag.default(true),
  max_retries: count.default(5),
  retry_delay: durationOrNone.default(1_000),
  max_retry_delay: durationOrNone.default(60_000),
  retry_empty: flag.default(false),
  max_wait: durationOrNone.default(1_800_000),
  timeout: duration.default(600_000),
  idle_timeout: duration.default(300_000),
  deadline: duration.optional(),
  max_failures: maxFailures.optional(),
  prices_file: text.optional(),
  max_cost: dollars.optional(),
  max_tokens_total: positiveInteger.optional(),
  count: z.enum(["fast", "exact"], "fast or exact").optional(),
  pilot: positiveInteger.optional(),
  yes: flag.default(false),
  context: z.enum(["off", "warn", "truncate"], "off, warn or truncate").default("warn"),
  sanitize: z.enum(["off", "warn", "fix"], "off, warn or fix").default("off"),
  validate_output: flag.default(false),
  repair: flag.default(false),
  cache: z.enum(["disk", "memory", "none"], "disk, memory or none").default("disk"),
  cache_path: text.optional(),
  cache_ttl: duration.optional(),
  max_cache_size: size.optional(),
  refresh: flag.default(false),
  dedupe: flag.default(false),
  skip_invalid: flag.default(false),
  unordered: flag.default(false),
  head: positiveInteger.optional(),
  shard: shard.optional(),
  limit: limit.default({ rates: [] }),
  queue: text.optional(),
  queue_prefix: text.default("llmbatch"),
  queue_secret_env: text.optional(),
  with_worker: flag.default(false),
  progress: z.enum(["auto", "bar", "plain", "json", "none"], "auto, bar, plain, json or none").default("auto"),
  quiet: flag.default(false),
} satisfies Record<OptionKey, z.ZodType>;

/** What a configuration file may contain. */
export const optionsSchema: z.ZodType<Options> = z
  .strictObject({
    ...optionSchemas,
    providers: providersSchema.prefault({}),
    routes: routesSchema.prefault({}),
    prices: pricesSchema.prefault({}),
    clients: clientsSchema.prefault({}),
  })
  .transform(({ provider, ...options }): Options => ({
    ...options,
    head: Math.min(options.head ?? Infinity, options.limit.lines ?? Infinity),
    provider: provider ?? "openai",
    provider_is_named: provider !== undefined,
  }));

/** Something wrong with one option. */
export interface OptionIssue {
  readonly key: string;
  /** The path within the option's value, empty for a plain value: `.openai.api_keys[0]`. */
  readonly path: string;
  /** What was expected; undefined when there is no such option. */
  readonly expected: string | undefined;
}

/** @param values By option key; strings as typed on a command line are fine. */
export function parseOptions(values: Readonly<Record<string, unknown>>): { options: Options } | { issues: OptionIssue[] } {
  // `jitless`: compiling a schema of this size takes 13 ms, and it parses one value.
  const parsed = optionsSchema.safeParse(values, { jitless: true });
  if (parsed.success) return { options: parsed.data };
  return { issues: parsed.error.issues.flatMap(describeIssue) };
}

function describeIssue(issue: z.core.$ZodIssue): OptionIssue[] {
  const [key = "", ...deeper] = issue.path;
  const isPlain = String(key) in optionSchemas;
  const path = isPlain ? "" : deeper.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  if (issue.code !== "unrecognized_keys") return [{ key: String(key), path, expected: issue.message }];
  if (issue.path.length === 0) return issue.keys.map((unknown) => ({ key: unknown, path: "", expected: undefined }));
  return issue.keys.map((unknown) => ({ key: String(key), path: `${path}.${unknown}`, expected: undefined }));
}
