import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openDiskCache } from "../../../src/caches/disk/open-disk-cache.ts";
import { answerOf, keyOf } from "../../contracts/cache-store.ts";
import { Child } from "./child.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

describe("the disk cache among processes", () => {
  it("has every answer it acknowledged after kill -9", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    let acknowledged = 0;
    for (const killAfter of [1, 500]) {
      const child = new Child(path);
      await child.do("open");
      child.process.stdin.write("pour\n");
      const numbers: number[] = [];
      for (let line = await child.lines.next(); line.done !== true; line = await child.lines.next()) {
        numbers.push(Number(line.value));
        if (numbers.length === killAfter) child.process.kill("SIGKILL");
      }
      const cache = await openDiskCache({ path });
      const found = await Promise.all(numbers.map((n) => cache.get(keyOf(n))));
      expect(found.filter((answer, index) => answer?.requestId !== `req_${numbers[index]}`)).toEqual([]);
      await cache.close();
      acknowledged += numbers.length;
    }
    expect(acknowledged).toBeGreaterThan(500);
  });

  it("lets several processes make the same new file at the same moment, write at once and find each other's answers", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const children = Array.from({ length: 3 }, () => new Child(path));
    const all = (command: (index: number) => string): Promise<unknown[]> =>
      Promise.all(children.map((child, index) => child.do(command(index))));
    expect(await all(() => "open")).toEqual(children.map(() => "done"));
    expect(await all((index) => `set ${index * 500} ${index * 500 + 500}`)).toEqual(children.map(() => "done"));
    expect(await all(() => "get 0 1500")).toEqual(children.map(() => 1500));
    expect(await all(() => "set 0 200")).toEqual(children.map(() => "done"));
    for (const child of children) expect(await child.do("close")).toBe("done");
    expect(readdirSync(join(path, ".."))).toEqual(["cache.sqlite"]);
  });

  it("keeps what it acknowledged while another process held the file for longer than SQLite waits for a lock", async () => {
    const holdsMs = [1050, 1500];
    const lost = holdsMs.map(async (holdMs) => {
      const path = join(temporaryFolder(), "cache.sqlite");
      const cache = await openDiskCache({ path });
      await cache.set(keyOf(-1), answerOf("{}"));
      expect(await new Child(path).do(`hold ${holdMs}`)).toBe("done");
      const burst = (from: number): Promise<unknown>[] => range(from, from + 24).map((n) => cache.set(keyOf(n), answerOf("{}")));
      const sets: Promise<unknown>[] = [cache.prune()];
      for (const from of [0, 24, 48]) {
        await setImmediate();
        sets.push(cache.setNote("note", `${from}`), ...burst(from));
      }
      await Promise.all(sets);
      await cache.close();
      const again = await openDiskCache({ path });
      const found = await again.getMany(range(0, 72).map(keyOf));
      await again.close();
      return found.filter((answer) => answer === undefined).length;
    });
    expect(await Promise.all(lost)).toEqual(holdsMs.map(() => 0));
  });

  it("may be open twice in one process while another comes and goes", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const child = new Child(path);
    expect(await child.do("open")).toBe("done");
    expect(await child.do("set 0 10")).toBe("done");
    expect(await child.do("open")).toBe("done"); // the first stays open, too

    const other = new Child(path);
    expect(await other.do("open")).toBe("done");
    expect(await other.do("get 0 10")).toBe(10);
    expect(await other.do("close")).toBe("done");
    expect(existsSync(`${path}-wal`)).toBe(true);
    expect(await child.do("set 10 20")).toBe("done");
    const third = await openDiskCache({ path });
    expect(await third.get(keyOf(19))).toBeDefined();
    await third.close();
  });

  it("leaves one file behind when it is closed", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const child = new Child(path);
    await child.do("open");
    await child.do("set 0 100");
    expect(readdirSync(join(path, "..")).toSorted()).toEqual(["cache.sqlite", "cache.sqlite-shm", "cache.sqlite-wal"]);
    await child.do("close");
    expect(readdirSync(join(path, ".."))).toEqual(["cache.sqlite"]);
  });
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
