import type { ModelResponse } from "../model/attempt.ts";

/** An answer, and since when it is kept. */
export interface StoredAnswer {
  readonly response: ModelResponse;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

/**
 * Remembers answers by fingerprint. Every store sits the same contract test (`test/contracts/cache-store.ts`).
 *
 * Calls may overlap freely; a store that can work in groups (disk) gathers what arrives while its last group is in flight.
 */
export interface CacheStore {
  /**
   * @param key A fingerprint: 43 characters of base64url.
   * @returns the answer, equal to the one stored; undefined when there is none or it has expired.
   * @throws CacheError when the store cannot be read. Not for a missing entry.
   */
  get(key: string): Promise<ModelResponse | undefined>;

  /** `get` with the time of its `set`. @throws CacheError as `get` does. */
  getStored?(key: string): Promise<StoredAnswer | undefined>;

  /**
   * `get` for many keys in one go, where a store can do that faster.
   *
   * @param keys At least one.
   * @returns what it found for as many of the first keys as it reads at once, at least one, in their order; the others are asked for
   *   in another call.
   * @throws CacheError as `get` does.
   */
  getMany?(keys: readonly string[]): Promise<readonly (ModelResponse | undefined)[]>;

  /**
   * Resolves once the answer is safe where this store keeps it: a get by another process finds it from then on. Of answers that are
   * set for one key at the same time, one stays.
   *
   * @throws CacheError when it could not be stored.
   */
  set(key: string, response: ModelResponse): Promise<void>;

  /**
   * Reads a note: a short text about something else than an answer. Only stores that outlive the process keep notes, and they may
   * lose them: a note saves work, nothing depends on it.
   *
   * @throws CacheError as `get` does.
   */
  getNote?(name: string): Promise<string | undefined>;

  /** Keeps a note. @throws CacheError as `set` does. */
  setNote?(name: string, text: string): Promise<void>;

  /** Finishes what is in flight, then closes files and connections. */
  close(): Promise<void>;
}

/** A store that a program can look into and empty, too: `MemoryCache`, `DiskCache` and `CacheProvider` are such stores. */
export interface AnswerCache extends CacheStore {
  /** Whether `get` finds an answer. @throws CacheError as `get` does. */
  exists(key: string): Promise<boolean>;

  /** `set` by another name. */
  put(key: string, response: ModelResponse): Promise<void>;

  /** @returns whether there was an answer. @throws CacheError as `set` does. */
  delete(key: string): Promise<boolean>;

  /** Deletes all answers. @throws CacheError as `set` does. */
  clear(): Promise<unknown>;
}
