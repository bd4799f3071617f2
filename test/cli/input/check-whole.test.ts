import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { type CacheStore, openDiskCache } from "../../../src/caches/caches.ts";
import type { CheckedInput } from "../../../src/cli/input/check-input.ts";
import { checkWhole } from "../../../src/cli/input/check-whole.ts";
import { Inputs } from "../../../src/cli/input/inputs.ts";
import type { Input } from "../../../src/cli/input/input.ts";
import { openInput } from "../../../src/cli/input/open-input.ts";
import { loadOptions } from "../../../src/config/load-options.ts";
import { createProvider } from "../../../src/providers/providers.ts";
import { temporaryDirectory } from "../scripts.ts";

const requests = ["one", "two", "three"].map((prompt) => JSON.stringify({ prompt }));
const provider = createProvider("openai", { apiKey: "k" });

describe("checking a file before anything is sent", () => {
  const open: { close(): Promise<void> }[] = [];
  let timesRead = 0;
  const warnings: string[] = [];

  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });

  /** A file as it is found on the disk, but that it was last changed at a time of our choice: a file's own cannot be set. */
  async function fileOf(lines: readonly string[], version: string | undefined): Promise<Input> {
    const path = join(temporaryDirectory(), "requests.jsonl");
    writeFileSync(path, lines.join("\n"));
    const input = await openInput(path, Readable.from([]));
    open.push(input);
    return {
      name: "requests.jsonl",
      rereadable: input.rereadable,
      version: async () => version,
      close: () => input.close(),
      [Symbol.asyncIterator]() {
        timesRead += 1;
        return input[Symbol.asyncIterator]();
      },
    };
  }

  async function openCache(): Promise<CacheStore> {
    const cache = await openDiskCache({ path: join(temporaryDirectory(), "cache.sqlite") });
    open.push(cache);
    return cache;
  }

  async function check(input: Input, cache: CacheStore, flags: object = {}): Promise<CheckedInput & { read: number }> {
    timesRead = 0;
    warnings.length = 0;
    const options = loadOptions({ model: "m", ...flags }, undefined, {});
    return {
      ...(await checkWhole(new Inputs([input]), options, provider, cache, (warning) => warnings.push(warning))),
      read: timesRead,
    };
  }

  it("is done once for a file that has not changed", async () => {
    const cache = await openCache();
    const good = { total: 3, idsAreUnique: true };
    expect(await check(await fileOf(requests, "v1"), cache)).toEqual({ ...good, hasWarned: true, read: 1 });
    expect(await check(await fileOf(requests, "v1"), cache)).toEqual({ ...good, read: 0 });
    expect(await check(await fileOf(requests, "v1"), cache, { limit: ["2"] })).toEqual({
      total: 2,
      idsAreUnique: true,
      read: 0,
    });
  });

  it("is done again when the file, or what judges it, has changed", async () => {
    const cache = await openCache();
    await check(await fileOf(requests, "v1"), cache);
    expect(await check(await fileOf(requests, "v2"), cache)).toMatchObject({ read: 1 });
    expect(await check(await fileOf(requests, "v1"), cache, { model: "other" })).toMatchObject({ read: 1 });
    expect(await check(await fileOf(requests, "v1"), cache, { set: ["seed=1"] })).toMatchObject({ read: 1 });
    expect(await check(await fileOf(requests, "v1"), cache, { provider: "anthropic" })).toMatchObject({ read: 1 });
  });

  it("is done each time where nothing says whether the file has changed, or no cache outlives the process", async () => {
    const cache = await openCache();
    for (const _ of [1, 2]) expect(await check(await fileOf(requests, undefined), cache)).toMatchObject({ total: 3, read: 1 });
    for (const kind of ["memory", "none"]) {
      for (const _ of [1, 2])
        expect(await check(await fileOf(requests, "v1"), cache, { cache: kind })).toMatchObject({ total: 3, read: 1 });
    }
  });

  it("says before anything is sent, each time, that --model and --set have no effect: every line names its own", async () => {
    const cache = await openCache();
    const lines = ["one", "two"].map((prompt) => JSON.stringify({ prompt, model: "own", seed: 1 }));
    for (const _ of [1, 2]) {
      await check(await fileOf(lines, "v1"), cache, { set: ["seed=2", "temperature=0"] });
      expect(warnings).toEqual([
        '--model has no effect: every line has a "model" of its own, which wins',
        '--set seed has no effect: every line has a "seed" of its own, which wins',
      ]);
    }
    await check(await fileOf([...lines, '"a prompt"'], "v1"), cache, { set: ["seed=2"] });
    await check(await fileOf(["{"], "v1"), cache, { skip_invalid: true });
    expect(warnings).toEqual([]);
  });

  it("never takes a file for good that has a bad line", async () => {
    const cache = await openCache();
    const lines = [...requests, "{"];
    for (const _ of [1, 2]) await expect(check(await fileOf(lines, "v1"), cache)).rejects.toThrow("requests.jsonl:4: not JSON");
    const skipping = { skip_invalid: true };
    for (const _ of [1, 2]) {
      expect(await check(await fileOf(lines, "v1"), cache, skipping)).toEqual({
        total: 4,
        idsAreUnique: false,
        hasWarned: true,
        read: 1,
      });
    }
    await expect(check(await fileOf(lines, "v1"), cache)).rejects.toThrow("requests.jsonl:4: not JSON");
  });
});
