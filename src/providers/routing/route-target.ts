import type { Target } from "../../model/demand.ts";
import type { Failure } from "../../model/failure.ts";
import type { Provider } from "../provider.ts";

/** One request may be too dear for an account; three in a row, with no success between them, mean that nothing is left. */
const maxUnpaid = 3;

/** What the user set for a provider. Its keys share one such object, and with it `concurrency`. */
export type TargetSettings = Pick<Target, "limits" | "concurrency" | "maxRetries">;

/** A provider, with one of its keys. */
export class RouteTarget implements Target {
  readonly name: string;
  readonly provider: Provider;
  readonly baseUrl: string | undefined;
  readonly account: string | undefined;
  readonly limits: Target["limits"];
  readonly concurrency: Target["concurrency"];
  readonly maxRetries: Target["maxRetries"];
  #isEvicted = false;
  #unpaid = 0;

  /**
   * @param name For people: `openai`, or `openai, key 2`. Never the key.
   * @param settings `limits` are those of this key alone.
   */
  constructor(name: string, provider: Provider, { limits, concurrency, maxRetries }: TargetSettings = {}) {
    this.name = name;
    this.provider = provider;
    this.baseUrl = provider.baseUrl;
    this.account = provider.account;
    this.limits = limits;
    this.concurrency = concurrency;
    this.maxRetries = maxRetries;
  }

  isEvicted(): boolean {
    return this.#isEvicted;
  }

  succeeded(): void {
    this.#unpaid = 0;
  }

  /**
   * Its key was refused. If that is not one request's fault, no more of them go there while there are other targets.
   *
   * @returns whether that is so from now on.
   */
  evict({ kind }: Failure): boolean {
    if (kind === "insufficient_quota") this.#unpaid += 1;
    if (this.#isEvicted || (kind === "insufficient_quota" && this.#unpaid < maxUnpaid)) return false;
    this.#isEvicted = true;
    return true;
  }
}
