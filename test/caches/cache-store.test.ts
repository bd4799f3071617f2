import { KeyvSqlite } from "@keyv/sqlite";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { createKeyvCache, createMemoryCache, openDiskCache } from "../../src/caches/caches.ts";
import { itIsACacheStore } from "../contracts/cache-store.ts";

describe("memory", () => {
  itIsACacheStore(async () => ({
    isLasting: false,
    open: async (options) => createMemoryCache(options),
  }));
});

describe("disk", () => {
  itIsACacheStore(async () => {
    const folder = await mkdtemp(join(tmpdir(), "llmbatch-test-"));
    return {
      isLasting: true,
      open: (options) => openDiskCache({ path: join(folder, "new folder", "a ?#%41 ü'\".sqlite"), ...options }),
      remove: () => rm(folder, { recursive: true }),
    };
  });
});

describe("Keyv over a Map", () => {
  itIsACacheStore(async () => {
    const map = new Map<string, unknown>();
    return { isLasting: true, manyAnswers: 2_000, open: async (options) => createKeyvCache(map, options) };
  });
});

describe("Keyv over KeyvSqlite", () => {
  itIsACacheStore(async () => {
    const folder = await mkdtemp(join(tmpdir(), "llmbatch-test-"));
    return {
      isLasting: true,
      manyAnswers: 2_000, // each is a transaction of its own
      open: async (options) => {
        const store = new KeyvSqlite(join(folder, "keyv.sqlite"));
        await store.query("PRAGMA journal_mode = MEMORY");
        await store.query("PRAGMA synchronous = OFF");
        return createKeyvCache(store, options);
      },
      remove: () => rm(folder, { recursive: true }),
    };
  });
});
