/** What scripts of pages that may ask are told of it. */
export class Cors {
  readonly #origins: ReadonlySet<string>;

  /** @param origins Addresses of pages whose scripts may ask. */
  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins);
  }

  /** `vary` in every answer, as soon as answers differ: a cache between would give one page's to another. */
  headersFor(origin: string | undefined): Readonly<Record<string, string>> {
    if (this.#origins.size === 0) return none;
    if (origin === undefined || !this.#origins.has(origin)) return varying;
    return { ...varying, ...shared, "access-control-allow-origin": origin };
  }
}

const requestHeaders = [
  "authorization",
  "content-type",
  "x-api-key",
  "anthropic-version",
  "anthropic-beta",
  "anthropic-dangerous-direct-browser-access",
  "openai-beta",
  "openai-organization",
  "openai-project",
  "x-llmbatch-cache",
  "x-llmbatch-priority",
  ...[
    "arch",
    "helper-method",
    "lang",
    "os",
    "package-version",
    "poll-helper",
    "retry-count",
    "runtime",
    "runtime-version",
    "timeout",
  ].map((name) => `x-stainless-${name}`),
].join(", ");

const none = {};
const varying = { vary: "Origin" };

const shared = {
  "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
  "access-control-allow-headers": requestHeaders,
  "access-control-expose-headers": [
    "x-request-id, request-id, retry-after, retry-after-ms, x-should-retry, server-timing, age",
    ...["provider", "attempts", "upstream-id", "cache"].map((name) => `x-llmbatch-${name}`),
    ...["limit", "remaining", "reset"].flatMap((name) => [`x-ratelimit-${name}-requests`, `x-ratelimit-${name}-tokens`]),
  ].join(", "),
  "access-control-max-age": "600",
};
