import { createLimiter, type Limiter, type LimiterOptions } from "../../../src/limiters/limiters.ts";
import type { Attempt } from "../../../src/model/attempt.ts";
import { type Asker, type Band, demandOf, type Target } from "../../../src/model/demand.ts";
import { deferred } from "../../support/deferred.ts";
import { answered, never } from "../attempts.ts";

export function asker(band: Band, client = "", weight = 1): Asker {
  return { band, client, weight };
}

export interface Asked {
  readonly tokens?: number;
  readonly model?: string;
  readonly target?: Target;
  readonly goesFirst?: boolean;
  readonly signal?: AbortSignal;
  /** What comes of it. Default: it used its tokens. */
  readonly attempt?: Attempt;
}

const anywhere: Target = { name: "anywhere" };

/** A limiter whose requests say who asks, and the ledger of what it started. */
export class Askers {
  readonly started: { readonly asker: Asker; readonly tokens: number; readonly model: string }[] = [];
  readonly limiter: Limiter;
  readonly #ends: (() => void)[] = [];

  constructor(options: Partial<LimiterOptions>) {
    this.limiter = createLimiter({ concurrency: 1_000, adaptive: false, ...options });
  }

  /** Sends one that takes no time. */
  send(who: Asker, options: Asked = {}): Promise<Attempt> {
    return this.#run(who, options, undefined);
  }

  /** Sends one that ends when `endOne` says so. */
  hold(who: Asker, options: Asked = {}): void {
    const end = deferred<void>();
    void this.#run(who, options, end.promise);
    this.#ends.push(() => end.resolve());
  }

  /** The one that was sent first. */
  endOne(): void {
    this.#ends.shift()?.();
  }

  get bands(): string {
    return this.started.map(({ asker: { band } }) => (band === "live" ? "L" : "b")).join("");
  }

  get clients(): string {
    return this.started.map(({ asker: { client } }) => client).join("");
  }

  tokensOf(client: string): number {
    return this.started.reduce((sum, one) => sum + (one.asker.client === client ? one.tokens : 0), 0);
  }

  #run(who: Asker, options: Asked, end: Promise<void> | undefined): Promise<Attempt> {
    const { tokens = 100, model = "m", target = anywhere, goesFirst = false, signal = never } = options;
    const cost = { model, inputTokens: tokens, maxOutputTokens: 0, counting: "sum" } as const;
    const task = async (): Promise<Attempt> => {
      this.started.push({ asker: who, tokens, model });
      await end;
      return options.attempt ?? answered(tokens);
    };
    return this.limiter.run({ ...demandOf(target, cost), goesFirst, asker: who }, task, signal);
  }
}

/** Jain's index of what shares got: 1 where all got the same, 1/n where one got all. */
export function fairness(shares: readonly number[]): number {
  const sum = shares.reduce((all, share) => all + share, 0);
  return sum ** 2 / (shares.length * shares.reduce((all, share) => all + share ** 2, 0));
}
