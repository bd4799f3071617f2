import { Keyv, type KeyvStoreAdapter } from "keyv";
import type { ModelResponse } from "../model/attempt.ts";
import { CacheError, messageOf } from "../model/errors.ts";
import type { CacheStore } from "./cache-store.ts";
import { isExpired, isStoredHead, type StoredHead } from "./stored-answer.ts";

export interface KeyvCacheOptions {
  /**
   * How long an answer is good for, in milliseconds.
   *
   * @default as long as the Keyv keeps it
   */
  readonly ttlMs?: number;
  /**
   * The clock, in milliseconds since 1970.
   *
   * @default Date.now
   */
  readonly now?: () => number;
}

/**
 * Remembers answers in any Keyv store: Redis, Postgres, Memcached, a Map.
 *
 * A value that is not an answer counts as missing. Errors that Keyv would swallow, or only emit as events,
 * are thrown as CacheError.
 *
 * @param store A Keyv, whose namespace, serialization and compression stay as they are and whose `throwOnErrors` is switched on;
 *   or a store adapter, which gets a namespace with a format version. Either is disconnected by `close`.
 */
export function createKeyvCache(
  store: Keyv | KeyvStoreAdapter | Map<string, unknown>,
  options: KeyvCacheOptions = {},
): CacheStore {
  return new KeyvCache(isKeyv(store) ? store : new Keyv({ store, namespace }), options);
}

/** Other than the disk cache's, whose rows hold the body as JSON instead of a string. */
const namespace = "llmbatch-keyv-1";

class KeyvCache implements CacheStore {
  readonly #keyv: Keyv;
  readonly #ttlMs: number | undefined;
  readonly #now: () => number;
  readonly #inFlight = new Set<Promise<unknown>>();
  /** The error that the store emitted while calls were in flight. */
  #emitted: unknown;
  #closing: Promise<void> | undefined;

  constructor(keyv: Keyv, { ttlMs, now = Date.now }: KeyvCacheOptions) {
    this.#keyv = keyv;
    this.#ttlMs = ttlMs;
    this.#now = now;
    keyv.throwOnErrors = true;
    keyv.on("error", this.#noteError);
  }

  async get(key: string): Promise<ModelResponse | undefined> {
    const value = await this.#call("read", () => this.#read(key));
    if (value === undefined && this.#emitted !== undefined) throw failure("read", this.#emitted);
    if (!isStoredAnswer(value) || isExpired(value.storedAt, this.#now(), this.#ttlMs)) return undefined;
    const { statusCode, requestId, body, usage } = value;
    return { statusCode, requestId, body, usage };
  }

  async set(key: string, { statusCode, requestId, body, usage }: ModelResponse): Promise<void> {
    const value = { storedAt: this.#now(), statusCode, requestId, usage, body };
    const isStored = await this.#call("written", () => this.#keyv.set(key, value, this.#ttlMs));
    if (!isStored || this.#emitted !== undefined) throw failure("written", this.#emitted ?? "the store refused the value");
  }

  close(): Promise<void> {
    this.#closing ??= this.#disconnect();
    return this.#closing;
  }

  /** Some adapters only emit their errors, and the call seems to succeed: with nothing found, or with nothing stored. */
  readonly #noteError = (error: unknown): void => {
    this.#emitted = error;
  };

  async #read(key: string): Promise<unknown> {
    try {
      return await this.#keyv.get<unknown>(key);
    } catch (error) {
      if (error instanceof SyntaxError) return undefined; // not JSON, so none of ours
      throw error;
    }
  }

  async #call<Value>(action: Action, start: () => Promise<Value>): Promise<Value> {
    if (this.#closing !== undefined) throw failure(action, "it is closed");
    if (this.#inFlight.size === 0) this.#emitted = undefined;
    const call = start();
    this.#inFlight.add(call);
    try {
      return await call;
    } catch (error) {
      throw failure(action, error);
    } finally {
      this.#inFlight.delete(call);
    }
  }

  async #disconnect(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    try {
      await this.#keyv.disconnect();
    } catch (error) {
      throw failure("closed", error);
    } finally {
      this.#keyv.off("error", this.#noteError);
    }
  }
}

type Action = "read" | "written" | "closed";

/** Another copy of the keyv package makes Keyvs that are no instances of ours. */
function isKeyv(store: Keyv | KeyvStoreAdapter | Map<string, unknown>): store is Keyv {
  return store instanceof Keyv || "throwOnErrors" in store;
}

function isStoredAnswer(value: unknown): value is StoredHead & ModelResponse {
  return isStoredHead(value) && "body" in value && typeof value.body === "string";
}

function failure(action: Action, cause: unknown): CacheError {
  return new CacheError(`The cache, a Keyv store, cannot be ${action}: ${withoutCredentials(messageOf(cause))}.`, { cause });
}

/** Drivers like to name the URL that they could not reach. */
function withoutCredentials(reason: string): string {
  return reason.replace(/\/\/[^/\s]*@/g, "//");
}
