import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CacheError, createProvider, DiskCache, openDiskCache, RequestManager } from "../../../src/index.ts";
import { answerOf, keyOf } from "../../contracts/cache-store.ts";
import { serve } from "../../support/closing.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

it.each([
  ["a folder that exists", "old folder", "old folder/cache.sqlite"],
  ["a folder that does not", "new/answers", "new/answers/cache.sqlite"],
  ["a folder by its slash", "answers.d/", "answers.d/cache.sqlite"],
  ["a file by its extension", "new/answers.sqlite", "new/answers.sqlite"],
  ["a file that exists", "answers", "answers"],
])("takes %s", async (_, path, file) => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "old folder"));
  if (path === "answers") writeFileSync(join(folder, path), "");
  const cache = new DiskCache(join(folder, path));
  await cache.put(keyOf(1), answerOf("{}"));
  await cache.close();
  expect(existsSync(join(folder, file))).toBe(true);
  const reopened = await openDiskCache({ path: join(folder, file) });
  expect(await reopened.exists(keyOf(1))).toBe(true);
  await reopened.close();
});

it("makes no file until it is used, so that a program which fails before leaves none", async () => {
  const path = join(temporaryFolder(), "answers.sqlite");
  await new DiskCache(path).close();
  expect(existsSync(path)).toBe(false);
});

it("that cannot be opened fails each call, and closes", async () => {
  const path = join(temporaryFolder(), "answers.sqlite");
  writeFileSync(path, "no database, but a text of some length");
  const cache = new DiskCache(path);
  await expect(cache.get(keyOf(1))).rejects.toThrow(/is not an SQLite database/);
  await expect(cache.put(keyOf(1), answerOf("{}"))).rejects.toThrow(CacheError);
  await cache.close();
});

it("made by `new` is a manager's cache at once, and the next manager's", async () => {
  const server = await serve();
  const folder = temporaryFolder();
  const ask = async (): Promise<void> => {
    const provider = createProvider("openai", { baseUrl: `${server.url}/v1`, apiKey: "sk-library" });
    const manager = new RequestManager({ provider, model: "m", cache: new DiskCache(folder, { ttl: 60 }) });
    await manager.processBatch(["one", "two"]);
    await manager.close();
  };
  await ask();
  await ask();
  expect(server.ledger).toHaveLength(2);
});
