import type { Target } from "../../model/demand.ts";
import type { Failure } from "../../model/failure.ts";
import type { RateLimit } from "../../model/rate-limit.ts";
import type { Provider } from "../provider.ts";

/** One request may be too dear for an account; three in a row, with no success between them, mean that nothing is left. */
const maxUnpaid = 3;

/** A provider, with one of its keys. */
export class RouteTarget implements Target {
  readonly name: string;
  readonly provider: Provider;
  readonly limits: readonly RateLimit[];
  #isEvicted = false;
  #unpaid = 0;

  /**
   * @param name For people: `openai`, or `openai, key 2`. Never the key.
   * @param limits Those of this key alone.
   */
  constructor(name: string, provider: Provider, limits: readonly RateLimit[] = []) {
    this.name = name;
    this.provider = provider;
    this.limits = limits;
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
