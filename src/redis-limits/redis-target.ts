import { randomBytes } from "node:crypto";
import type { RedisClient } from "./redis-client.ts";
import { limitUnits, type RateLimit, type Weights } from "../model/rate-limit.ts";
import type {
  LimitScope,
  ScopedLimit,
  SharedLease,
  SharedLimitsListener,
  SharedLimitStatus,
  SharedTarget,
  Taken,
} from "../limiters/limiters.ts";
import { KeptLimits } from "./kept-limits.ts";
import { limitKey } from "./limit-keys.ts";
import { type LearnedLimit, type News, readReply, type Reply, writeLearned } from "./read-reply.ts";
import { RedisScript } from "./run-script.ts";
import { learnScript, pauseScript, takeScript } from "./scripts.ts";

export interface RedisTargetOptions {
  readonly redis: RedisClient;
  /** Whether Redis can be asked, and its news are heard. */
  readonly isConnected: () => boolean;
  readonly prefix: string;
  readonly channel: string;
  readonly scope: Required<LimitScope>;
  readonly limits: readonly ScopedLimit[];
  readonly listener: SharedLimitsListener;
  readonly onClose: (target: RedisTarget) => void;
}

const take = new RedisScript(takeScript);
const pause = new RedisScript(pauseScript);
const learn = new RedisScript(learnScript);

/** What is reserved ahead, so that the round trip to Redis costs no time: so much of the limit's flow. */
const horizonMs = 200;
/** What a process did not report by then, it has not started: it is dead, or knows that it is too late. */
const expiryMs = 5_000;
/** Reports go with the next lease that is asked for. If none is, they go by themselves. */
const reportMs = 25;
/** Figures of answers that began within one second are reported as one. */
const settleTogetherMs = 1_000;
const retryMs = 250;
const rememberLearnedMs = 86_400_000;
/** What a pause is longer by than the one that is known is the way that the news took. */
const newsMs = 250;

/** One target's limits, kept in Redis. Times are monotonic milliseconds: no clock on a wall counts but Redis' own. */
export class RedisTarget implements SharedTarget {
  readonly name: string;
  isReachable = false;
  pauseReason = "";
  readonly #options: RedisTargetOptions;
  readonly #kept: KeptLimits;
  readonly #idPrefix = randomBytes(6).toString("hex");
  /** What this process was told, for a Redis that has forgotten it. */
  readonly #told = new Map<string, LearnedLimit>();
  #leases = 0;
  #pauseUntilMs = -Infinity;
  #reports: { readonly lease: string; readonly left: readonly number[] }[] = [];
  #settled: { readonly takenAtMs: number; unused: readonly number[] }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isRefreshing = false;
  #isClosed = false;

  constructor(options: RedisTargetOptions) {
    const { prefix, scope, limits } = options;
    this.#options = options;
    this.name = limitKey(prefix, scope);
    this.#kept = new KeptLimits(prefix, scope, limits);
    void this.refresh();
  }

  get limits(): readonly SharedLimitStatus[] {
    return this.#kept.status;
  }

  get pauseMs(): number {
    return Math.max(0, this.#pauseUntilMs - performance.now());
  }

  async take(amounts: Weights): Promise<Taken> {
    if (!this.isReachable) return { type: "changed" };
    const id = `${this.#idPrefix}${(this.#leases += 1)}`;
    const reply = await this.#ask(nameOf(id, amounts));
    if (reply === undefined || reply.type === "changed") return { type: "changed" };
    const { type, unit, startsInMs, retryInMs } = reply;
    return type === "rejected" ? { type, retryInMs, unit } : { type, lease: { id, amounts, startsInMs, unit } };
  }

  report({ id, amounts }: SharedLease, left: Weights): void {
    this.#reports.push({ lease: nameOf(id, amounts), left: inOrder(left) });
    this.#reportSoon();
  }

  settle(unused: Weights, ageMs: number): void {
    const takenAtMs = performance.now() - ageMs;
    const last = this.#settled.at(-1);
    if (last === undefined || Math.abs(last.takenAtMs - takenAtMs) > settleTogetherMs)
      this.#settled.push({ takenAtMs, unused: inOrder(unused) });
    else last.unused = last.unused.map((amount, index) => amount + (inOrder(unused)[index] ?? 0));
    this.#reportSoon();
  }

  pause(pauseMs: number, reason: string): void {
    if (pauseMs <= this.pauseMs) return;
    this.#pauseUntilMs = performance.now() + pauseMs;
    this.pauseReason = reason;
    void this.#tellPause();
  }

  learn(limit: RateLimit, source: "headers" | "errors"): void {
    this.#told.set(limit.unit, { limit, source });
    void this.#tellLimit({ limit, source });
  }

  close(): void {
    this.#isClosed = true;
    this.isReachable = false;
    if (this.#reports.length + this.#settled.length > 0) void this.#ask();
    this.#options.onClose(this);
  }

  /** The connection is lost. Reports are kept. */
  lost(): void {
    this.isReachable = false;
    this.#options.listener.onChange();
  }

  /** Asks for what may have been missed: news are told once. */
  async refresh(): Promise<void> {
    if (this.#isRefreshing || this.#isClosed || !this.#options.isConnected()) return;
    this.#isRefreshing = true;
    const reply = await this.#ask();
    this.#isRefreshing = false;
    if (reply === undefined || this.#isClosed) return;
    const known = new Set(this.#kept.learned.map(({ limit }) => limit.unit));
    for (const told of this.#told.values()) if (!known.has(told.limit.unit)) void this.#tellLimit(told);
    if (this.pauseMs > reply.pauseMs + newsMs) void this.#tellPause();
    this.isReachable = true;
    this.#options.listener.onChange();
  }

  hear({ pause: heard, learned }: News): void {
    if (heard !== undefined) this.#hearPause(heard.pauseMs, heard.reason);
    if (learned !== undefined) this.#hearLearned(learned);
    this.#options.listener.onChange();
  }

  /** @param lease What is asked for beside what is reported. @returns undefined if Redis cannot be asked. */
  async #ask(lease?: string): Promise<Reply | undefined> {
    const { redis } = this.#options;
    const kept = this.#kept;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const reports = this.#reports.splice(0);
    const settled = this.#settled.splice(0);
    const nowMs = performance.now();
    const { keys, asked: limits, learnedText } = kept;
    const aged = settled.map(({ takenAtMs, unused }) => ({ unused, ageMs: nowMs - takenAtMs }));
    const ask = { limits, reports, settled: aged, learned: learnedText, lease, horizonMs, expiryMs };
    const own = [`${this.name}:pause`, `${this.name}:learned`, `${this.name}:leases`];
    try {
      const reply = readReply(await take.run(redis, [...own, ...keys], [JSON.stringify(ask)]));
      if (keys === kept.keys) kept.note(reply.available);
      if (reply.pauseMs > 0) this.#hearPause(reply.pauseMs, reply.reason);
      this.#hearLearned(reply.learned);
      return reply;
    } catch {
      // Whether it was done is not known. What is done twice takes a little more than was used; given back twice, it would be too little.
      this.#reports.unshift(...reports);
      this.#settled.unshift(
        ...settled.map((one) => Object.assign({}, one, { unused: one.unused.map((amount) => Math.min(0, amount)) })),
      );
      this.#failed();
      return undefined;
    }
  }

  #failed(): void {
    this.lost();
    // A connection that comes back says so. One that answers with errors does not.
    if (this.#options.isConnected()) setTimeout(() => void this.refresh(), retryMs).unref();
  }

  #reportSoon(): void {
    if (this.#timer !== undefined || !this.isReachable) return;
    this.#timer = setTimeout(() => void this.#ask(), reportMs).unref();
  }

  async #tellPause(): Promise<void> {
    const { redis, channel, isConnected } = this.#options;
    const pauseMs = Math.ceil(this.pauseMs);
    if (!isConnected() || pauseMs === 0) return;
    const news = JSON.stringify({ target: this.name, pauseMs, reason: this.pauseReason });
    await pause
      .run(redis, [`${this.name}:pause`], [String(pauseMs), this.pauseReason, channel, news])
      .catch(() => this.#failed());
  }

  async #tellLimit(told: LearnedLimit): Promise<void> {
    const { redis, channel, isConnected } = this.#options;
    if (!isConnected()) return;
    const { limit } = told;
    const keys = [`${this.name}:learned`, this.#kept.learnedKey(limit)];
    await learn
      .run(redis, keys, [limit.unit, writeLearned(told), String(rememberLearnedMs), channel, this.name])
      .catch(() => this.#failed());
  }

  #hearPause(pauseMs: number, reason: string): void {
    const isNews = pauseMs > this.pauseMs + newsMs;
    this.#pauseUntilMs = Math.max(this.#pauseUntilMs, performance.now() + pauseMs);
    this.pauseReason = reason;
    if (isNews) this.#options.listener.onPause(pauseMs, reason);
  }

  #hearLearned(text: string): void {
    if (text === this.#kept.learnedText) return;
    const known = this.#kept.learned;
    this.#kept.learn(text);
    for (const learned of this.#kept.learned) {
      const isNews = ![...known, ...this.#told.values()].some((one) => isSame(one, learned));
      if (isNews) this.#options.listener.onLearned(learned.limit, learned.source);
    }
  }
}

function isSame({ limit: one }: LearnedLimit, { limit: other }: LearnedLimit): boolean {
  return one.unit === other.unit && one.amount === other.amount && one.periodMs === other.periodMs;
}

function inOrder(amounts: Weights): number[] {
  return limitUnits.map((unit) => amounts[unit]);
}

/** A lease in Redis says what it holds, so that any process can give it back. */
function nameOf(id: string, amounts: Weights): string {
  return [id, ...inOrder(amounts)].join(" ");
}
