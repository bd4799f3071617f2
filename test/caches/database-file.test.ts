import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DatabaseFile } from "../../src/caches/database-file.ts";
import { openDiskCache } from "../../src/caches/disk.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const descriptors = "/proc/self/fd";

function pathOf(descriptor: string): string | undefined {
  try {
    return readlinkSync(join(descriptors, descriptor));
  } catch {
    return undefined; // it was the one that read the folder
  }
}

/** How many of this process's descriptors are of that file. */
function descriptorsOf(path: string): number {
  return readdirSync(descriptors).filter((descriptor) => pathOf(descriptor) === path).length;
}

/** How many locks this process has on that file. */
function locksOn(path: string): number {
  const { ino } = statSync(path);
  const lines = readFileSync("/proc/locks", "utf8").split("\n");
  return lines.filter((line) => line.includes(` ${process.pid} `) && line.includes(`:${ino} `)).length;
}

describe("the file of a database", () => {
  it.runIf(existsSync("/proc/locks"))("keeps the locks of another database of the same file when it is let go of", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const cache = await openDiskCache({ path });
    expect(locksOn(path)).toBe(1);
    const file = await DatabaseFile.hold(path);
    await file.sync();
    await file.release();
    expect(locksOn(path)).toBe(1);
    await cache.close();
    expect([locksOn(path), descriptorsOf(path)]).toEqual([0, 0]);
  });

  it.runIf(existsSync(descriptors))("has one descriptor for all, until the last has let go", async () => {
    const path = join(temporaryFolder(), "file");
    writeFileSync(path, "");
    const [one, two] = [await DatabaseFile.hold(path), await DatabaseFile.hold(path)];
    expect(descriptorsOf(path)).toBe(0);
    await Promise.all([one.sync(), two.sync(), two.sync()]);
    expect(descriptorsOf(path)).toBe(1);
    await one.release();
    expect(descriptorsOf(path)).toBe(1);
    const releasing = two.release();
    const three = await DatabaseFile.hold(path); // not before that descriptor is closed: it would take the locks of what is opened now
    expect(descriptorsOf(path)).toBe(0);
    await releasing;
    await three.sync();
    expect(descriptorsOf(path)).toBe(1);
    await three.release();
    expect(descriptorsOf(path)).toBe(0);
  });

  it("says that there is none, and that it cannot be synced", async () => {
    const path = join(temporaryFolder(), "file");
    await expect(DatabaseFile.hold(path)).rejects.toThrow("ENOENT");
    const file = await DatabaseFile.hold(temporaryFolder());
    await expect(file.sync()).rejects.toThrow("EISDIR");
    await file.release();
  });
});
