import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openDiskCache } from "../../../src/caches/disk/open-disk-cache.ts";
import { CacheError } from "../../../src/model/errors.ts";
import { answerOf, keyOf } from "../../contracts/cache-store.ts";
import { Child } from "./child.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const project = join(import.meta.dirname, "..", "..", "..");

describe("the disk cache's files", () => {
  it("can be read by their owner alone, whatever the umask", async () => {
    const path = join(temporaryFolder(), "new", "cache.sqlite");
    const child = new Child(path);
    await child.do("open");
    await child.do("set 0 10");
    expect(await child.do("modes")).toEqual({ folder: "700", "": "600", "-wal": "600", "-shm": "600" });
    await child.do("close");
  });

  it("are closed to others when they were open to them", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const cache = await openDiskCache({ path });
    await cache.set(keyOf(1), answerOf("{}"));
    const files = ["", "-wal", "-shm"].map((suffix) => path + suffix);
    for (const file of files) chmodSync(file, 0o644);
    const again = await openDiskCache({ path });
    expect(files.map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
    await again.close();
    await cache.close();
  });

  it("leave the mode of what a planted link beside them points to as it is", async () => {
    const folder = temporaryFolder();
    const [path, target] = [join(folder, "cache.sqlite"), join(folder, "target")];
    writeFileSync(target, "", { mode: 0o644 });
    symlinkSync(target, `${path}-journal`);
    await expect(openDiskCache({ path })).rejects.toThrow(CacheError); // by SQLite, which follows no such link
    expect(statSync(target).mode & 0o777).toBe(0o644);
  });

  it("are put back when they were deleted under way, also into a cache that stands there by now", async () => {
    const path = join(temporaryFolder(), "new", "cache.sqlite");
    const cache = await openDiskCache({ path });
    await cache.set(keyOf(1), answerOf('"before"'));
    rmSync(dirname(path), { recursive: true });
    const another = await openDiskCache({ path });
    await another.set(keyOf(2), answerOf('"elsewhere"'));
    await expect(cache.set(keyOf(3), answerOf('"after"'))).rejects.toThrow(/was deleted or replaced while it was in use/);
    await cache.close();
    const found = await another.getMany([1, 2, 3].map(keyOf));
    expect(found.map((response) => response?.body)).toEqual(['"before"', '"elsewhere"', '"after"']);
    await another.close();
  });

  it("stand where a symbolic link points", async () => {
    const folder = temporaryFolder();
    const link = join(folder, "link.sqlite");
    await (await openDiskCache({ path: join(folder, "cache.sqlite") })).close();
    symlinkSync(join(folder, "cache.sqlite"), link);
    const cache = await openDiskCache({ path: link });
    await cache.set(keyOf(1), answerOf("{}"));
    expect((await cache.stats()).bytes).toBe(
      statSync(join(folder, "cache.sqlite")).size + statSync(join(folder, "cache.sqlite-wal")).size,
    );
    await cache.close();
    const direct = await openDiskCache({ path: join(folder, "cache.sqlite") });
    expect(await direct.get(keyOf(1))).toBeDefined();
    await direct.close();
  });
});

describe("a disk cache that cannot be used", () => {
  it("says that a folder is no file", async () => {
    const path = temporaryFolder();
    expect(await openingError(path)).toBe(
      `The cache ${path} cannot be used: it is not a file. Choose another file with --cache-path.`,
    );
  });

  it("says that a part of the path is a file", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    expect(await openingError(join(file, "cache.sqlite"))).toMatch(/: a part of its path is not a folder\. Choose/);
    expect(await openingError(join(file, "deeper", "cache.sqlite"))).toMatch(/: a part of its path is not a folder\. Choose/);
  });

  it("leaves a file that is no database as it is", async () => {
    const path = join(temporaryFolder(), "notes.txt");
    writeFileSync(path, "These are my notes. ".repeat(100));
    expect(await openingError(path)).toBe(
      `The cache ${path} cannot be used: it is not an SQLite database, and was left as it is. Choose another file with --cache-path.`,
    );
    expect(readFileSync(path, "utf8")).toBe("These are my notes. ".repeat(100));
    expect(statSync(dirname(path)).nlink).toBeLessThanOrEqual(2);
  });

  it("says that a database is damaged", async () => {
    const path = join(temporaryFolder(), "cache.sqlite");
    const cache = await openDiskCache({ path });
    await Promise.all(Array.from({ length: 500 }, (_, n) => cache.set(keyOf(n), answerOf(`{"n":${n}}`))));
    await cache.close();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, 4096, bytes.length));
    expect(await openingError(path)).toMatch(/: the database is damaged\. Delete the file/);
  });

  it.each(["a folder that may not be written", "a file that may not be written"])("says what is forbidden: %s", async (what) => {
    const folder = temporaryFolder();
    const path = join(folder, "cache.sqlite");
    if (what.includes("file")) {
      await (await openDiskCache({ path })).close();
      chmodSync(path, 0o400);
      execFileSync("chown", ["-R", process.getuid?.() === 0 ? "65534" : String(process.getuid?.()), folder]);
    } else chmodSync(folder, 0o555);
    const child = new Child(path, { user: "unprivileged" });
    expect(await child.do("open")).toMatch(
      /^CacheError: The cache .* cannot be used: (permission denied|the file or its file system is read-only).* --cache-path/,
    );
    await child.end();
  });

  it("says that the disk is full, keeps all it has acknowledged, and goes on when there is room", async () => {
    const disk = smallDisk();
    const path = join(disk.folder, "cache.sqlite");
    const child = new Child(path, { command: disk.command });
    expect(await child.do("open")).toBe("done");
    const { stored, error } = Object(await child.do("fill 0 20000"));
    expect(error).toMatch(disk.error);
    expect(error).toContain(path);
    expect(stored).toBeGreaterThan(30);
    expect(await child.do(`get 0 ${stored}`)).toBe(stored);
    await child.do("close");
    await child.end();

    disk.enlarge();
    const later = new Child(path);
    expect(await later.do("open")).toBe("done");
    expect(await later.do(`get 0 ${stored}`)).toBe(stored);
    expect(await later.do(`set ${stored} ${stored + 500}`)).toBe("done");
    expect(await later.do("close")).toBe("done");
    await later.end();
  });

  it("says before anything is sent that the disk is full", async () => {
    const disk = smallDisk();
    const path = join(disk.folder, "cache.sqlite");
    if (disk.isMounted) writeFileSync(join(disk.folder, "ballast"), Buffer.alloc(1 << 20), { flush: false });
    const child = new Child(path, {
      command: disk.isMounted ? disk.command : ["bash", "-c", 'ulimit -f 8; exec "$@"', "-", process.execPath],
    });
    expect(await child.do("open")).toMatch(disk.error);
    await child.end();
  });
});

describe("without its native module", () => {
  it.each([
    ["was not built", undefined],
    ["was built for another machine", "not a library"],
  ])("says what to do when sqlite3 %s, and all else works", (_, library) => {
    const folder = temporaryFolder();
    const [installed, modules] = [join(project, "node_modules"), join(folder, "node_modules")];
    for (const part of ["caches", "json", "model", "sockets", "text"])
      cpSync(join(project, "build", part), join(folder, "build", part), { recursive: true });
    for (const name of ["keyv", "@keyv/serialize", "bindings", "file-uri-to-path", "sqlite3/lib", "sqlite3/package.json"]) {
      cpSync(join(installed, name), join(modules, name), { recursive: true });
    }
    if (library !== undefined) {
      mkdirSync(join(modules, "sqlite3/build/Release"), { recursive: true });
      writeFileSync(join(modules, "sqlite3/build/Release/node_sqlite3.node"), library);
    }
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    const script = `
      import { createMemoryCache, openDiskCache } from "./build/caches/caches.js";
      await createMemoryCache().set("a", { statusCode: 200, requestId: "", body: "{}", usage: {} });
      await openDiskCache({ path: "cache.sqlite" }).catch((error) => process.stdout.write(error.name + ": " + error.message));`;
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stdout).toMatch(
      /^CacheError: The disk cache needs the native module sqlite3, which cannot be loaded \(.+\)\. Type "npm rebuild sqlite3".* --cache memory/,
    );
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  });

  it("is not loaded before a disk cache is opened", () => {
    const script = `
      await import(${JSON.stringify(join(project, "build/caches/caches.js"))});
      process.stdout.write(String(process.report.getReport().sharedObjects.some((name) => name.includes("sqlite"))));`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(stdout).toBe("false");
  });
});

async function openingError(path: string): Promise<string> {
  const error = await openDiskCache({ path }).catch((thrown: unknown) => thrown);
  if (!(error instanceof CacheError)) throw new Error(`expected a CacheError, not ${String(error)}`);
  return error.message;
}

interface SmallDisk {
  readonly folder: string;
  readonly isMounted: boolean;
  /** How to start a process that finds the disk small. */
  readonly command: readonly string[];
  readonly error: RegExp;
  readonly enlarge: () => void;
}

/** A file system of 1 MiB where one may be mounted; elsewhere a limit of 1 MiB on the size of files. */
function smallDisk(): SmallDisk {
  const folder = temporaryFolder();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
  if (mounted.status === 0) {
    onTestFinished(() => void spawnSync("umount", ["--lazy", folder]));
    return {
      folder,
      isMounted: true,
      command: [process.execPath],
      error: /CacheError: .* cannot be used: the disk is full\. Free some space/,
      enlarge: () => void execFileSync("mount", ["-o", "remount,size=100m", folder]),
    };
  }
  return {
    folder,
    isMounted: false,
    command: ["bash", "-c", 'ulimit -f 1024; exec "$@"', "-", process.execPath],
    error: /CacheError: .* cannot be used: reading or writing the disk failed .* limit on file sizes\)\. Check/,
    enlarge: () => undefined,
  };
}
