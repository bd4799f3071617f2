import { minuteMs, type RateLimit, limitUnits, type LimitUnit } from "../model/rate-limit.ts";

/** What the script says. */
export interface Reply {
  readonly type: "lease" | "rejected" | "changed";
  readonly pauseMs: number;
  readonly reason: string;
  readonly learned: string;
  readonly unit: LimitUnit;
  readonly startsInMs: number;
  readonly retryInMs: number;
  /** Of each limit, in their order. */
  readonly available: readonly number[];
}

/** What others tell. */
export interface News {
  readonly target: string;
  readonly pause?: { readonly pauseMs: number; readonly reason: string };
  readonly learned?: string;
}

export interface LearnedLimit {
  readonly limit: RateLimit;
  readonly source: "headers" | "errors";
}

/** @throws Error when it is no reply of ours: another version has written it. */
export function readReply(text: unknown): Reply {
  const reply = readObject(text);
  const { type, reason, learned, unit, available } = reply;
  if (type !== "lease" && type !== "rejected" && type !== "changed") throw new Error(`Redis answered ${String(text)}`);
  return {
    type,
    pauseMs: numberOf(reply["pauseMs"]),
    reason: typeof reason === "string" ? reason : "",
    learned: typeof learned === "string" ? learned : "",
    unit: limitUnits[numberOf(unit)] ?? "requests",
    startsInMs: numberOf(reply["startsInMs"]),
    retryInMs: numberOf(reply["retryInMs"]),
    available: Array.isArray(available) ? available.map(numberOf) : [],
  };
}

/** @returns undefined for what is none: any program may use the channel. */
export function readNews(text: string): News | undefined {
  let news: Readonly<Record<string, unknown>>;
  try {
    news = readObject(text);
  } catch {
    return undefined;
  }
  const { target, pauseMs, reason, learned } = news;
  if (typeof target !== "string") return undefined;
  return {
    target,
    ...(typeof pauseMs === "number" && { pause: { pauseMs, reason: typeof reason === "string" ? reason : "" } }),
    ...(typeof learned === "string" && { learned }),
  };
}

export function writeLearned({ limit: { amount, periodMs }, source }: LearnedLimit): string {
  return JSON.stringify({ amount, periodMs, source });
}

/** What was learned, by unit; without what this version does not understand. */
export function readLearned(text: string, model: string): LearnedLimit[] {
  const all = text === "" ? {} : readObject(text);
  return limitUnits.flatMap((unit) => {
    const { amount, periodMs, source } = readObject(all[unit] ?? "{}");
    if (!(numberOf(amount) > 0) || !(numberOf(periodMs) > 0 && numberOf(periodMs) <= minuteMs)) return [];
    const limit = { unit, amount: numberOf(amount), periodMs: numberOf(periodMs), model };
    return { limit, source: source === "errors" ? "errors" : "headers" } satisfies LearnedLimit;
  });
}

function readObject(text: unknown): Readonly<Record<string, unknown>> {
  const value: unknown = typeof text === "string" ? JSON.parse(text) : undefined;
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
