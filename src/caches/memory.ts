import type { ModelResponse } from "../model/attempt.ts";
import { refuseUnknownOptions } from "../model/closest.ts";
import { CacheError } from "../model/errors.ts";
import type { AnswerCache, StoredAnswer } from "./cache-store.ts";
import { isExpired, readAmount, readTtlMs } from "./stored-answer.ts";

export interface MemoryCacheOptions {
  /**
   * The most that is kept, in bytes of text at 2 a character.
   *
   * @default 256 MiB
   */
  readonly maxBytes?: number;
  /**
   * How long an answer is good for, in seconds.
   *
   * @default for ever
   */
  readonly ttl?: number;
  /**
   * The clock, in milliseconds since 1970.
   *
   * @default Date.now
   */
  readonly now?: () => number;
}

/** `new MemoryCache`, with its time in milliseconds. */
export function createMemoryCache({ ttlMs, ...options }: Omit<MemoryCacheOptions, "ttl"> & { ttlMs?: number } = {}): MemoryCache {
  return new MemoryCache({ ...options, ...(ttlMs !== undefined && { ttl: ttlMs / 1000 }) });
}

interface Entry extends StoredAnswer {
  readonly bytes: number;
}

const defaultMaxBytes = 256 * 1024 * 1024;
const bytesPerCharacter = 2;
/** Objects and map slot of one entry, roughly. */
const bytesPerEntry = 300;

/**
 * Remembers answers while the process lives. When it is full, what was used longest ago makes room; an answer larger than the
 * whole cache is not kept. Neither is an error: the entry is missing later, and its request is sent again.
 */
export class MemoryCache implements AnswerCache {
  readonly #maxBytes: number;
  readonly #ttlMs: number | undefined;
  readonly #now: () => number;
  /** Oldest use first: a Map keeps the order of insertion, and each use inserts anew. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #closed = false;

  /** @throws ConfigurationError for an option that does not exist, and when `maxBytes` or `ttl` is no number above 0. */
  constructor(options: MemoryCacheOptions = {}) {
    refuseUnknownOptions("MemoryCache", options, ["maxBytes", "ttl", "now"]);
    const { maxBytes, ttl, now = Date.now } = options;
    this.#maxBytes = readAmount("maxBytes", maxBytes) ?? defaultMaxBytes;
    this.#ttlMs = readTtlMs(ttl);
    this.#now = now;
  }

  async get(key: string): Promise<ModelResponse | undefined> {
    return (await this.getStored(key))?.response;
  }

  async getStored(key: string): Promise<StoredAnswer | undefined> {
    const entry = this.#take(key);
    if (entry !== undefined) this.#add(key, entry);
    return entry;
  }

  async exists(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  async set(key: string, response: ModelResponse): Promise<void> {
    this.#assertOpen();
    const replaced = this.#entries.get(key);
    if (replaced !== undefined) this.#remove(key, replaced);
    const characters = key.length + response.requestId.length + response.body.length;
    const bytes = characters * bytesPerCharacter + bytesPerEntry;
    if (bytes > this.#maxBytes) return;
    this.#add(key, { response, storedAt: this.#now(), bytes });
    this.#makeRoom();
  }

  put(key: string, response: ModelResponse): Promise<void> {
    return this.set(key, response);
  }

  async delete(key: string): Promise<boolean> {
    return this.#take(key) !== undefined;
  }

  async clear(): Promise<void> {
    this.#assertOpen();
    this.#empty();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#empty();
  }

  #empty(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  /** Takes an entry out. @returns undefined if there is none, or its time is over. */
  #take(key: string): Entry | undefined {
    this.#assertOpen();
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#remove(key, entry);
    return isExpired(entry.storedAt, this.#now(), this.#ttlMs) ? undefined : entry;
  }

  #assertOpen(): void {
    if (this.#closed) throw new CacheError("The cache is closed.");
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }

  #makeRoom(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#remove(key, entry);
    }
  }
}
