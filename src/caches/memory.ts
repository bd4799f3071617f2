import type { ModelResponse } from "../model/attempt.ts";
import { CacheError } from "../model/errors.ts";
import type { CacheStore } from "./cache-store.ts";
import { isExpired } from "./stored-answer.ts";

export interface MemoryCacheOptions {
  /**
   * The most that is kept, in bytes of text at 2 a character.
   *
   * @default 256 MiB
   */
  readonly maxBytes?: number;
  /**
   * How long an answer is good for, in milliseconds.
   *
   * @default for ever
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
 * Remembers answers while the process lives. When it is full, what was used longest ago makes room; an answer larger than the
 * whole cache is not kept. Neither is an error: the entry is missing later, and its request is sent again.
 */
export function createMemoryCache(options: MemoryCacheOptions = {}): CacheStore {
  return new MemoryCache(options);
}

interface Entry {
  readonly response: ModelResponse;
  readonly storedAt: number;
  readonly bytes: number;
}

const defaultMaxBytes = 256 * 1024 * 1024;
const bytesPerCharacter = 2;
/** Objects and map slot of one entry, roughly. */
const bytesPerEntry = 300;

class MemoryCache implements CacheStore {
  readonly #maxBytes: number;
  readonly #ttlMs: number | undefined;
  readonly #now: () => number;
  /** Oldest use first: a Map keeps the order of insertion, and each use inserts anew. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #closed = false;

  constructor({ maxBytes = defaultMaxBytes, ttlMs, now = Date.now }: MemoryCacheOptions) {
    this.#maxBytes = maxBytes;
    this.#ttlMs = ttlMs;
    this.#now = now;
  }

  async get(key: string): Promise<ModelResponse | undefined> {
    this.#assertOpen();
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#remove(key, entry);
    if (isExpired(entry.storedAt, this.#now(), this.#ttlMs)) return undefined;
    this.#add(key, entry);
    return entry.response;
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

  async close(): Promise<void> {
    this.#closed = true;
    this.#entries.clear();
    this.#bytes = 0;
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
