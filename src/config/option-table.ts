/** The only list of options: flags, environment variables, the keys of the configuration file and the help are generated from it. */
const rows = [
  {
    key: "output",
    short: "-o",
    value: "FILE",
    description: "results, one line per input line, in the same order",
    default: "stdout",
  },
  { key: "errors", value: "FILE", description: "failed results go there instead" },
  {
    key: "annotate",
    description: "a last member `llmbatch`: provider, model, cached, attempts, latency, cost",
  },
  { key: "stats", value: "FILE", description: "token statistics as JSON", default: "FILE.stats.json beside -o" },
  { key: "log", value: "FILE", description: "one JSON line per event: attempts, waits, retries" },
  { key: "log_bodies", value: "DIR", description: "the bodies of requests and answers of each attempt, in a new file of DIR" },
  { key: "model", short: "-m", value: "ID", description: "the model of lines that name none" },
  { key: "set", value: "KEY=JSON", repeatable: true, description: "a body field of lines that do not set it" },
  { key: "allow_files", value: "DIR", description: 'local files below DIR that parts name ("@p.png", "file://p.png") are sent' },
  { key: "stream", description: "ask for every answer as a stream; results are the same" },
  {
    key: "provider",
    short: "-p",
    value: "NAME",
    default: "openai",
    description: "provider of the requests; `mock` needs no key and no network",
  },
  { key: "base_url", value: "URL", description: "any endpoint that speaks the same protocol" },
  { key: "allow_http", description: "plain http to other machines than this one, for networks that you trust" },
  { key: "api_key_env", value: "VAR", description: "the environment variable that holds the key" },
  { key: "client_cert", value: "FILE", description: "a certificate in PEM, for servers that ask for one" },
  { key: "client_key", value: "FILE", description: "its key, in PEM" },
  { key: "header", value: "'K: V'", repeatable: true, description: "a header to send with every request" },
  { key: "request_id_header", value: "NAME", description: "the header to send each request's id in: the id of its output line" },
  { key: "concurrency", short: "-c", value: "N", default: "100", description: "requests in flight at most" },
  { key: "rpm", value: "N", default: "none", description: "requests per minute, paced evenly" },
  { key: "tpm", value: "N", default: "none", description: "tokens per minute, paced evenly" },
  {
    key: "adaptive",
    negated: true,
    description: "keep --concurrency in flight even while the server throttles requests",
  },
  { key: "max_retries", value: "N", default: "5", description: "attempts after the first" },
  { key: "retry_delay", value: "TIME", default: "1s", description: "time before the first retry at most; doubles with each" },
  { key: "max_retry_delay", value: "TIME", default: "60s", description: "time before any retry at most" },
  { key: "retry_empty", description: "an answer that says nothing, no text and no call of a tool, is asked again" },
  {
    key: "max_wait",
    value: "TIME",
    default: "30m",
    description: "how long a request may be throttled by rate limits or overload",
  },
  {
    key: "timeout",
    value: "TIME",
    default: "10m",
    description: "for one attempt, its body included; 600, 600s and 10m are the same",
  },
  { key: "idle_timeout", value: "TIME", default: "5m", description: "how long a stream may be silent" },
  { key: "deadline", value: "TIME", default: "none", description: "stop the run after that time, resumable" },
  { key: "max_failures", value: "N[%]", default: "none", description: "stop after so many failed lines, resumable" },
  {
    key: "prices_file",
    name: "prices",
    value: "FILE",
    description: "prices of models; they win over the configuration's and list prices",
  },
  {
    key: "max_cost",
    value: "USD",
    default: "none",
    description: "stop, resumable, before the run could cost more than that",
  },
  {
    key: "max_tokens_total",
    value: "N",
    default: "none",
    description: "stop, resumable, before the run could use more tokens than that",
  },
  { key: "count", value: "KIND", default: "fast", description: "how tokens are counted before sending: fast or exact" },
  { key: "pilot", value: "N", description: "send N lines spread over the file first, and say what all will take" },
  { key: "yes", short: "-y", description: "go on after the pilot without asking" },
  {
    key: "context",
    value: "KIND",
    default: "warn",
    description: "requests too long for their model: off, warn, or truncate, which drops the oldest turns",
  },
  {
    key: "sanitize",
    value: "KIND",
    default: "off",
    description: "fields that their model is known to refuse: off, warn or fix",
  },
  { key: "validate_output", description: "an answer that does not match its line's JSON schema fails, and is asked again" },
  { key: "repair", description: "asked again so, the model is told what was wrong" },
  { key: "cache", value: "KIND", default: "disk", description: "where answers are kept: disk, memory or none" },
  {
    key: "cache_path",
    value: "FILE",
    default: "the user's cache folder",
    description: "the disk cache's file, or a cache that machines share: redis://… or postgres://…",
  },
  { key: "cache_ttl", value: "TIME", default: "for ever", description: "how long answers are good for: 30d, 12h, 90s" },
  {
    key: "max_cache_size",
    value: "SIZE",
    default: "no limit",
    description: "what the cache may take: 2GB, 500MB; the oldest answers make room",
  },
  { key: "refresh", description: "ask again for what the cache knows, and store it anew" },
  { key: "dedupe", description: "send identical requests once and share the answer" },
  { key: "skip_invalid", description: "invalid lines become failed results instead of stopping the run" },
  { key: "unordered", description: "write results as they come" },
  { key: "head", value: "N", description: "only the first N lines" },
  { key: "shard", value: "I/N", description: "one share of N: every N-th line, from the I-th on; set limits are divided by N" },
  { key: "limit", value: "LIMIT", repeatable: true, description: "one more rate limit, such as requests=10000/1d" },
  {
    key: "queue",
    value: "URL",
    description: "share the work with all `llmbatch worker` at that Redis: redis://HOST:6379, or rediss://",
  },
  { key: "queue_prefix", value: "NAME", default: "llmbatch", description: "what the names of all keys there begin with" },
  {
    key: "queue_secret_env",
    value: "VAR",
    description: "the environment variable of a secret that hides lines and answers there",
  },
  { key: "with_worker", description: "be a worker of the --queue, too" },
  { key: "progress", value: "KIND", default: "auto", description: "on stderr: auto, bar, plain, json or none" },
  { key: "quiet", short: "-q", description: "no progress and no summary, only warnings and errors" },
] as const;

export type OptionKey = (typeof rows)[number]["key"];

/** One option of `llmbatch run`. */
export interface OptionRow {
  /** As in the configuration file: `max_retries`. The environment variable is `LLMBATCH_` and this in capitals. */
  readonly key: OptionKey;
  /** What flag and variable are called instead. @default the key */
  readonly name?: string;
  readonly short?: string;
  /** The value's placeholder in the help; absent for a switch. */
  readonly value?: string;
  readonly repeatable?: true;
  /** A switch that is on unless its flag, `--no-…`, turns it off. */
  readonly negated?: true;
  readonly default?: string;
  readonly description: string;
}

export const optionTable: readonly OptionRow[] = rows;

const rowsByKey: ReadonlyMap<string, OptionRow> = new Map(optionTable.map((row) => [row.key, row]));
const keysByName: ReadonlyMap<string, OptionKey> = new Map(optionTable.map(({ key, name = key }) => [name, key]));

/** The long flag of an option: `--max-retries`. */
export function flagOf(key: string): string {
  const { name = key, negated } = rowsByKey.get(key) ?? {};
  return `--${negated ? "no-" : ""}${name.replaceAll("_", "-")}`;
}

export function environmentVariableOf(key: string): string {
  return `LLMBATCH_${(rowsByKey.get(key)?.name ?? key).toUpperCase()}`;
}

/** The key of the option whose flag and variable have that name: `prices_file` of `prices`. */
export function keyOfName(name: string): string {
  return keysByName.get(name) ?? name;
}
