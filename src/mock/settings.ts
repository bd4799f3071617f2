import { refuseUnknownOptions } from "../model/closest.ts";
import { ConfigurationError } from "../model/errors.ts";

/** Whose way of counting limits the server keeps. */
const rules = ["openai", "anthropic", "second", "window"] as const;
type Rules = (typeof rules)[number];

/** What a 429 tells of when to come back: to the millisecond, in whole seconds, or nothing. */
const retryAfters = ["exact", "seconds", "none"] as const;
export type RetryAfter = (typeof retryAfters)[number];

const outageKinds = ["refuse-connections", "500", "503"] as const;

/** A while in which no request is answered. Both times in milliseconds, the first from the first request on. */
export interface OutagePlan {
  readonly fromMs: number;
  readonly forMs: number;
  readonly kind: (typeof outageKinds)[number];
}

/** What the mock allows, how long it takes and how it fails. */
export interface MockServerOptions {
  /** 0 takes any free one. @default 0 */
  readonly port?: number | undefined;
  /** Address to listen on. Only this machine can reach the default. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /**
   * How limits are counted. `openai`: continuously, one second's worth at once. `anthropic`: the same, input and output
   * tokens apart. `second`: requests are dealt out anew each second. `window`: everything is dealt out anew each minute.
   *
   * @default "openai"
   */
  readonly rules?: Rules | undefined;
  /** For all models and keys together, as the other limits. @default no limit */
  readonly requestsPerMinute?: number | undefined;
  /** Not with the rules of `anthropic`. @default no limit */
  readonly tokensPerMinute?: number | undefined;
  /** Only with the rules of `anthropic`. @default no limit */
  readonly inputTokensPerMinute?: number | undefined;
  /** Only with the rules of `anthropic`. @default no limit */
  readonly outputTokensPerMinute?: number | undefined;
  /** Whether responses tell of the limits in headers. @default true */
  readonly limitHeaders?: boolean | undefined;
  /** Whether a 429 says which limit it was and how much it allows, as real providers' do. @default true */
  readonly limitWords?: boolean | undefined;
  /** What a 429 tells of when to come back. @default "exact" */
  readonly retryAfter?: RetryAfter | undefined;
  /** Requests in flight; more get a 503. @default Infinity */
  readonly maxInFlight?: number | undefined;
  /** @default none */
  readonly outage?: OutagePlan | undefined;
  /** How long an answer takes, in milliseconds. @default 50 */
  readonly latencyMs?: number | undefined;
  /** Answers take `latencyMs` give or take this much. @default 0 */
  readonly jitterMs?: number | undefined;
  /** Share of the attempts that fail on purpose, from 0 to 1. @default 0 */
  readonly failRate?: number | undefined;
  /** Another seed gives other answers, failures and latencies. @default 0 */
  readonly seed?: number | undefined;
}

/** Without a default: absent is no limit, and no outage. */
type Optional = "requestsPerMinute" | "tokensPerMinute" | "inputTokensPerMinute" | "outputTokensPerMinute" | "outage";

/** The options with their defaults filled in. */
export type MockSettings = Pick<MockServerOptions, Optional> & {
  readonly [Name in Exclude<keyof MockServerOptions, Optional>]-?: NonNullable<MockServerOptions[Name]>;
};

/** Fills in the defaults. @throws ConfigurationError that names the first option with a value it cannot have. */
export function readSettings(options: MockServerOptions): MockSettings {
  const settings = withDefaults(options);
  refuseUnknownOptions("startMockServer", options, Object.keys(optionNames));
  check("port", settings.port, 0, 65_535, "whole");
  checkOneOf("rules", settings.rules, rules);
  checkOneOf("retryAfter", settings.retryAfter, retryAfters);
  checkLimits(settings);
  if (settings.maxInFlight !== Infinity) check("maxInFlight", settings.maxInFlight, 1, maxLimit, "whole");
  if (settings.outage !== undefined) checkOutage(settings.outage);
  check("latencyMs", settings.latencyMs, 0, maxMs);
  check("jitterMs", settings.jitterMs, 0, maxMs);
  check("failRate", settings.failRate, 0, 1);
  check("seed", settings.seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, "whole");
  return settings;
}

const maxLimit = 1e12;
/** Far below what a timer can count (2^31 - 1 ms), far above what a client waits for. */
const maxMs = 24 * 60 * 60 * 1000;

/** Complete, as the type says. */
const optionNames: Readonly<Record<keyof MockServerOptions, true>> = {
  port: true,
  host: true,
  rules: true,
  requestsPerMinute: true,
  tokensPerMinute: true,
  inputTokensPerMinute: true,
  outputTokensPerMinute: true,
  limitHeaders: true,
  limitWords: true,
  retryAfter: true,
  maxInFlight: true,
  outage: true,
  latencyMs: true,
  jitterMs: true,
  failRate: true,
  seed: true,
};

function withDefaults(options: MockServerOptions): MockSettings {
  return {
    ...options,
    port: options.port ?? 0,
    host: options.host ?? "127.0.0.1",
    rules: options.rules ?? "openai",
    limitHeaders: options.limitHeaders ?? true,
    limitWords: options.limitWords ?? true,
    retryAfter: options.retryAfter ?? "exact",
    maxInFlight: options.maxInFlight ?? Infinity,
    latencyMs: options.latencyMs ?? 50,
    jitterMs: options.jitterMs ?? 0,
    failRate: options.failRate ?? 0,
    seed: options.seed ?? 0,
  };
}

function checkLimits(settings: MockSettings): void {
  const isAnthropic = settings.rules === "anthropic";
  for (const name of ["requestsPerMinute", "tokensPerMinute", "inputTokensPerMinute", "outputTokensPerMinute"] as const) {
    const limit = settings[name];
    if (limit === undefined) continue;
    check(name, limit, 1, maxLimit);
    if (name === "requestsPerMinute" || isAnthropic === (name !== "tokensPerMinute")) continue;
    const instead = isAnthropic ? "inputTokensPerMinute and outputTokensPerMinute" : "tokensPerMinute";
    throw new ConfigurationError(`The rules "${settings.rules}" have no ${name}: set ${instead}.`);
  }
}

function checkOutage({ fromMs, forMs, kind }: OutagePlan): void {
  check("outage.fromMs", fromMs, 0, maxMs);
  check("outage.forMs", forMs, 0, maxMs);
  checkOneOf("outage.kind", kind, outageKinds);
}

function check(name: string, value: number, min: number, max: number, kind?: "whole"): void {
  if (value >= min && value <= max && (kind === undefined || Number.isInteger(value))) return;
  const wanted = kind === "whole" ? "a whole number" : "a number";
  throw new ConfigurationError(`${name} is ${value}: it must be ${wanted} from ${min} to ${max}.`);
}

function checkOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw new ConfigurationError(`${name} is "${value}": it must be one of ${allowed.join(", ")}.`);
}
