import { Keyv } from "keyv";
import { describe } from "vitest";
import { CacheProvider, DiskCache, MemoryCache } from "../../src/index.ts";
import { itIsAnAnswerCache } from "../contracts/answer-cache.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("MemoryCache", () => {
  itIsAnAnswerCache(() => (options) => new MemoryCache(options));
});

describe("DiskCache", () => {
  itIsAnAnswerCache(() => {
    const folder = temporaryFolder();
    return (options) => new DiskCache(folder, options);
  });
});

describe("CacheProvider over a Map", () => {
  itIsAnAnswerCache(() => (options) => new CacheProvider(new Map(), options));
});

describe("CacheProvider over a Keyv of one's own", () => {
  itIsAnAnswerCache(() => (options) => new CacheProvider(new Keyv({ namespace: "mine" }), options));
});
