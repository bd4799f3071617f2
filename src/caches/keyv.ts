import { setImmediate } from "node:timers/promises";
import { Keyv, type KeyvStoreAdapter } from "keyv";
import type { ModelResponse } from "../model/attempt.ts";
import { refuseUnknownOptions } from "../model/closest.ts";
import { CacheError, messageOf } from "../model/errors.ts";
import { maskAddresses } from "../text/mask-addresses.ts";
import type { AnswerCache, StoredAnswer } from "./cache-store.ts";
import { isExpired, isStoredHead, readTtlMs, type StoredHead, usageOf } from "./stored-answer.ts";

export interface CacheProviderOptions {
  /**
   * How long an answer is good for, in seconds.
   *
   * @default as long as the Keyv keeps it
   */
  readonly ttl?: number;
  /**
   * The clock, in milliseconds since 1970.
   *
   * @default Date.now
   */
  readonly now?: () => number;
}

/** `new CacheProvider`, with its time in milliseconds. */
export function createKeyvCache(
  store: KeyvLike,
  { ttlMs, ...options }: Omit<CacheProviderOptions, "ttl"> & { ttlMs?: number } = {},
): CacheProvider {
  return new CacheProvider(store, { ...options, ...(ttlMs !== undefined && { ttl: ttlMs / 1000 }) });
}

type KeyvLike = Keyv | KeyvStoreAdapter | Map<string, unknown>;

/** Other than the disk cache's, whose rows hold the body as JSON instead of a string. */
const namespace = "llmbatch-keyv-1";

/** Before anything is known of the size of answers: 16 of 12 MB are 192 MB. */
const firstGroupKeys = 16;
const maxGroupKeys = 512;
const maxGroupBytes = 4 * 1024 * 1024;

/**
 * Remembers answers in any Keyv store: Redis, Postgres, Memcached, a Map.
 *
 * A value that is not an answer counts as missing. Errors that Keyv would swallow, or only emit as events,
 * are thrown as CacheError.
 */
export class CacheProvider implements AnswerCache {
  /** Only where the store can do that: what Keyv does instead hides errors. */
  readonly getMany?: (keys: readonly string[]) => Promise<readonly (ModelResponse | undefined)[]>;
  readonly #keyv: Keyv;
  readonly #ttlMs: number | undefined;
  readonly #now: () => number;
  readonly #inFlight = new Set<Promise<unknown>>();
  /** For each call in flight: errors that the store emitted meanwhile, but for those that another call threw. */
  readonly #emitted = new Set<Set<unknown>>();
  #closing: Promise<void> | undefined;
  /** How many are looked up together: as many as have `maxGroupBytes` together. */
  #groupKeys = firstGroupKeys;

  /**
   * @param store A Keyv, whose namespace, serialization and compression stay as they are and whose `throwOnErrors` is switched on;
   *   or a store adapter, which gets a namespace with a format version. Either is disconnected by `close`.
   * @throws ConfigurationError when `ttl` is no number above 0, and for an option that does not exist.
   */
  constructor(store: KeyvLike = new Map(), options: CacheProviderOptions = {}) {
    refuseUnknownOptions("CacheProvider", options, ["ttl", "now"]);
    const { ttl, now = Date.now } = options;
    this.#keyv = isKeyv(store) ? store : new Keyv({ store, namespace });
    this.#ttlMs = readTtlMs(ttl);
    this.#now = now;
    this.#keyv.throwOnErrors = true;
    this.#keyv.on("error", this.#noteError);
    if (typeof this.#keyv.store.getMany === "function") this.getMany = (keys) => this.#getMany(keys);
  }

  async get(key: string): Promise<ModelResponse | undefined> {
    return (await this.getStored(key))?.response;
  }

  async getStored(key: string): Promise<StoredAnswer | undefined> {
    const value = await this.#call(
      "read",
      () => this.#read(key),
      (found) => found !== undefined,
    );
    return this.#storedOf(value);
  }

  async set(key: string, { statusCode, requestId, body, usage }: ModelResponse): Promise<void> {
    const value = { storedAt: this.#now(), statusCode, requestId, usage, body };
    const isStored = await this.#change(() => this.#keyv.set(key, value, this.#ttlMs));
    if (!isStored) throw failure("written", "the store refused the value");
  }

  async exists(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  put(key: string, response: ModelResponse): Promise<void> {
    return this.set(key, response);
  }

  async delete(key: string): Promise<boolean> {
    const wasThere = await this.exists(key);
    await this.#change(() => this.#keyv.delete(key));
    return wasThere;
  }

  /** Deletes what is in the Keyv's namespace; all of a Keyv that has none. */
  async clear(): Promise<void> {
    await this.#change(() => this.#keyv.clear());
  }

  close(): Promise<void> {
    this.#closing ??= this.#disconnect();
    return this.#closing;
  }

  /** Some adapters only emit their errors, and the call seems to succeed: with nothing found, or with nothing stored. */
  readonly #noteError = (error: unknown): void => {
    for (const errors of this.#emitted) errors.add(error);
  };

  async #getMany(keys: readonly string[]): Promise<readonly (ModelResponse | undefined)[]> {
    const group = keys.slice(0, this.#groupKeys);
    const values = await this.#call(
      "read",
      () => this.#readMany(group),
      (found) => !found.includes(undefined),
    );
    const answers = values.map((value) => this.#storedOf(value)?.response);
    const bytes = answers.reduce((sum, answer) => sum + (answer?.body.length ?? 0), 0);
    const fitting = bytes === 0 ? maxGroupKeys : Math.floor((maxGroupBytes / bytes) * group.length);
    this.#groupKeys = Math.max(1, Math.min(fitting, 2 * this.#groupKeys, maxGroupKeys));
    return answers;
  }

  async #readMany(keys: readonly string[]): Promise<readonly unknown[]> {
    try {
      return await this.#keyv.getMany<unknown>([...keys]);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return Promise.all(keys.map((key) => this.#read(key)));
    }
  }

  #storedOf(value: unknown): StoredAnswer | undefined {
    if (!isStoredAnswer(value) || isExpired(value.storedAt, this.#now(), this.#ttlMs)) return undefined;
    const { statusCode, requestId, body, storedAt } = value;
    return { response: { statusCode, requestId, body, usage: usageOf(value) }, storedAt };
  }

  async #read(key: string): Promise<unknown> {
    try {
      return await this.#keyv.get<unknown>(key);
    } catch (error) {
      if (error instanceof SyntaxError) return undefined; // not JSON, so none of ours
      throw error;
    }
  }

  #change<Value>(start: () => Promise<Value>): Promise<Value> {
    return this.#call("written", start, () => false);
  }

  /** @param isProven Whether the value shows that the store did its work, whatever it emitted. */
  async #call<Value>(action: Action, start: () => Promise<Value>, isProven: (value: Value) => boolean): Promise<Value> {
    if (this.#closing !== undefined) throw failure(action, "it is closed");
    const errors = new Set<unknown>();
    this.#emitted.add(errors);
    const call = start();
    this.#inFlight.add(call);
    try {
      const value = await call.catch((error: unknown) => this.#thrown(action, error));
      if (errors.size === 0 || isProven(value)) return value;
      await setImmediate(); // until then, whose error it is may throw it
      const [emitted] = errors;
      if (emitted !== undefined) throw failure(action, emitted);
      return value;
    } finally {
      this.#inFlight.delete(call);
      this.#emitted.delete(errors);
    }
  }

  /** Keyv emits what it throws, too: that is no other call's error, or reads would fail with writes that a full store refuses. */
  #thrown(action: Action, error: unknown): never {
    for (const errors of this.#emitted) errors.delete(error);
    throw failure(action, error);
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

/** Another copy of the keyv package makes Keyvs that are no instances of ours. Some adapters have a `throwOnErrors`, too. */
function isKeyv(store: KeyvLike): store is Keyv {
  return store instanceof Keyv || ("throwOnErrors" in store && "useKeyPrefix" in store);
}

function isStoredAnswer(value: unknown): value is StoredHead & Pick<ModelResponse, "body"> {
  return isStoredHead(value) && "body" in value && typeof value.body === "string";
}

/** Drivers like to name the URL that they could not reach. */
function failure(action: Action, cause: unknown): CacheError {
  return new CacheError(`The cache, a Keyv store, cannot be ${action}: ${maskAddresses(messageOf(cause))}.`, { cause });
}
