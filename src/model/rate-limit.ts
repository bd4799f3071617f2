/** What a limit counts. `tokens` are those of requests and answers together, however the provider counts them. */
export const limitUnits = ["requests", "tokens", "input-tokens", "output-tokens"] as const;

export type LimitUnit = (typeof limitUnits)[number];

/** How much something counts against each kind of limit. */
export type Weights = Readonly<Record<LimitUnit, number>>;

export const noWeights: Weights = { requests: 0, tokens: 0, "input-tokens": 0, "output-tokens": 0 };

export const minuteMs = 60_000;

/** At most `amount` of something in any span of `periodMs` milliseconds. */
export interface RateLimit {
  readonly unit: LimitUnit;
  /** Above 0. */
  readonly amount: number;
  readonly periodMs: number;
  /** How much may start at once after a rest. @default what the pace allows in a moment; the whole amount of periods above a minute */
  readonly burst?: number | undefined;
  /** Whose requests it counts. @default those of all models together */
  readonly model?: string | undefined;
}

/** What a provider said of one of its limits, with one response. */
export interface RateLimitReport {
  readonly unit: LimitUnit;
  /** How much is allowed in `periodMs`. */
  readonly limit: number;
  readonly periodMs: number;
  /** How much of it was left when the provider looked; undefined when it did not say. */
  readonly remaining: number | undefined;
  /** Headers come with every response; an error comes when a request has been throttled already. */
  readonly source: "headers" | "errors";
}

/**
 * How a limit is known: set by the user, told in headers, told in the words of an error, or, where nothing is told, learned from when
 * requests were throttled.
 */
export type LimitSource = "configured" | "headers" | "errors" | "refusals";

/** @returns none where no amount is given. */
export function perMinute(unit: LimitUnit, amount: number | undefined): RateLimit[] {
  return amount === undefined ? [] : [{ unit, amount, periodMs: minuteMs }];
}

/** `600 requests/min`, `10000 requests/1d`, for people. */
export function describeRateLimit({ unit, amount, periodMs }: Omit<RateLimit, "model">): string {
  const figure = amount >= 10 ? Math.round(amount) : Math.round(amount * 10) / 10;
  return `${figure} ${unit.replace("-", " ")}/${describePeriod(periodMs)}`;
}

function describePeriod(periodMs: number): string {
  if (periodMs === minuteMs) return "min";
  for (const [unit, ms] of periods) if (periodMs % ms === 0) return periodMs === ms ? unit : `${periodMs / ms}${unit}`;
  return `${periodMs}ms`;
}

const periods = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", minuteMs],
  ["s", 1_000],
] as const;
