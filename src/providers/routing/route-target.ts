import type { Target } from "../../model/demand.ts";
import type { RateLimit } from "../../model/rate-limit.ts";
import type { Provider } from "../provider.ts";

/** A provider, with one of its keys. */
export class RouteTarget implements Target {
  readonly name: string;
  readonly provider: Provider;
  readonly limits: readonly RateLimit[];
  #isEvicted = false;

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

  /** Its key is refused: no request goes there while there are other targets. */
  evict(): void {
    this.#isEvicted = true;
  }
}
