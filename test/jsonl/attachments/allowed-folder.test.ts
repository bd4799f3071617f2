import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allowFolder } from "../../../src/jsonl/attachments/allowed-folder.ts";
import type { LocalFile } from "../../../src/jsonl/jsonl.ts";

const place = mkdtempSync(join(tmpdir(), "llmbatch-folder-"));
const folder = join(place, "allowed");
const socket = createServer();

beforeAll(async () => {
  mkdirSync(join(folder, "deep", "er"), { recursive: true });
  mkdirSync(join(place, "allowed-too"));
  writeFileSync(join(folder, "p.png"), "a file");
  writeFileSync(join(folder, "..p.png"), "dots");
  writeFileSync(join(folder, "deep", "er", "q.png"), "below");
  writeFileSync(join(place, "secret.png"), "outside");
  writeFileSync(join(place, "allowed-too", "p.png"), "beside");
  symlinkSync(join(place, "secret.png"), join(folder, "out.png"));
  symlinkSync("../secret.png", join(folder, "out-relative.png"));
  symlinkSync(place, join(folder, "out-folder"));
  symlinkSync("deep/er/q.png", join(folder, "in.png"));
  symlinkSync("circle.png", join(folder, "circle.png"));
  symlinkSync("/dev/zero", join(folder, "zero.png"));
  symlinkSync(folder, join(place, "link-to-allowed"));
  execFileSync("mkfifo", [join(folder, "fifo.png")]);
  await new Promise<void>((resolve) => {
    socket.listen(join(folder, "socket.png"), resolve);
  });
});
afterAll(() => {
  socket.close();
  rmSync(place, { recursive: true });
});

function contentOf(path: string, allowed = folder): string {
  const file = allowFolder(allowed)(path);
  if ("problem" in file) return `problem: ${file.problem}`;
  const content = file.read();
  return "problem" in content ? `problem: ${content.problem}` : content.toString();
}

describe("below the folder", () => {
  it.each([
    ["p.png", "a file"],
    ["./p.png", "a file"],
    ["..p.png", "dots"],
    ["deep//er/q.png", "below"],
    ["in.png", "below"],
    [join(folder, "p.png"), "a file"],
  ])("%s is read", (path, content) => {
    expect(contentOf(path)).toBe(content);
  });

  it("files are read through a link to the folder, by either name", () => {
    const link = join(place, "link-to-allowed");
    for (const path of ["p.png", join(folder, "p.png"), join(link, "p.png")]) expect(contentOf(path, link)).toBe("a file");
  });

  it("a file is told by its size and first bytes before it is read", () => {
    writeFileSync(join(folder, "long.png"), "0123456789abcdefghij");
    const file = allowFolder(folder)("long.png");
    expect(file).toMatchObject({ bytes: 20, head: Buffer.from("0123456789abcdef") });
  });
});

describe("refused is", () => {
  const outside = "problem: it is not below the folder that --allow-files names";
  const dots = "problem: `..` is not allowed; name it from the folder that --allow-files names";

  it.each([
    ["../secret.png", dots],
    ["deep/../../secret.png", dots],
    ["deep/../p.png", dots],
    ["deep\\..\\p.png", dots],
    ["..", dots],
    [join(place, "secret.png"), outside],
    [join(place, "allowed-too", "p.png"), outside],
    [`${folder}/../secret.png`, dots],
    ["/etc/passwd", outside],
    ["/etc/no-such-file", outside],
    ["out.png", outside],
    ["out-relative.png", outside],
    ["out-folder/secret.png", outside],
    ["zero.png", outside],
    ["deep", "problem: it is a directory"],
    ["", "problem: it is a directory"],
    ["fifo.png", "problem: it is not a regular file"],
    ["socket.png", "problem: it is not a regular file"],
    ["no.png", "problem: there is no such file or directory"],
    ["p.png/q.png", "problem: a part of its path is not a directory"],
    ["circle.png", "problem: its symbolic links go in a circle"],
    ["p.png\0.txt", "problem: a name cannot hold a NUL character"],
    ["x".repeat(300), "problem: the name is too long"],
  ])("%j", (path, problem) => {
    expect(contentOf(path)).toBe(problem);
  });

  it("a device, even where everything is allowed", () => {
    expect(contentOf("/dev/zero", "/")).toBe("problem: it is not a regular file");
  });

  it.runIf(process.getuid?.() !== 0)("a file that may not be read", () => {
    writeFileSync(join(folder, "locked.png"), "locked");
    chmodSync(join(folder, "locked.png"), 0);
    expect(contentOf("locked.png")).toBe("problem: permission denied");
  });

  it.each(["nowhere", "secret.png"])("%s as the folder", (name) => {
    expect(() => allowFolder(join(place, name))).toThrow(`--allow-files: cannot use ${join(place, name)}: `);
  });
});

describe("between being found and being read", () => {
  const path = join(folder, "moving.png");
  const found = (): LocalFile => {
    writeFileSync(path, "before");
    const file = allowFolder(folder)("moving.png");
    if ("problem" in file) throw new Error(file.problem);
    return file;
  };
  const changed = { problem: "it has changed while it was being read; run the same command again" };

  it("a file that grows, shrinks or is replaced is not sent", () => {
    for (const change of [
      () => writeFileSync(path, "longer than before"),
      () => writeFileSync(path, "cut"),
      () => {
        writeFileSync(`${path}.new`, "behind");
        renameSync(`${path}.new`, path);
      },
    ]) {
      const file = found();
      change();
      expect(file.read()).toEqual(changed);
    }
  });

  it("a link or a pipe in its place is not followed, nor waited for", () => {
    const file = found();
    rmSync(path);
    symlinkSync(join(place, "secret.png"), path);
    expect(file.read()).toMatchObject({ problem: expect.stringMatching(/circle|changed/) });
    rmSync(path);
    execFileSync("mkfifo", [path]);
    expect(file.read()).toEqual(changed);
    rmSync(path);
    expect(file.read()).toEqual({ problem: "there is no such file or directory" });
  });
});

describe("while a folder is swapped for a link to another one, over and over", () => {
  it("nothing from outside is sent: 73 files were, because the name was checked and not what was opened", async () => {
    mkdirSync(join(folder, "swapped"));
    mkdirSync(join(place, "elsewhere"));
    writeFileSync(join(folder, "swapped", "p.png"), "inside!");
    writeFileSync(join(place, "elsewhere", "p.png"), "outside");
    symlinkSync(join(place, "elsewhere"), join(folder, "link"));
    const swaps = new Int32Array(new SharedArrayBuffer(8)); // how many there were, and whether it is enough
    const swapper = new Worker(swapForEver, { eval: true, workerData: { folder, swaps } });
    const ended = new Promise((resolve) => void swapper.once("exit", resolve));
    const counts = new Map<string, number>();
    const find = allowFolder(folder);
    while ((counts.get("inside!") ?? 0) < 300 || Atomics.load(swaps, 0) < 8_000) {
      const file = find("swapped/p.png");
      const content = "problem" in file ? file : file.read();
      const outcome = "problem" in content ? "refused" : content.toString();
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    Atomics.store(swaps, 1, 1);
    await ended;
    expect(counts.get("outside") ?? 0).toBe(0);
  }, 30_000);
});

/** It rests as long as a read takes, or one of 250 reads would find the folder in its place throughout. */
const swapForEver = `
  const { renameSync } = require("node:fs");
  const { workerData: { folder, swaps } } = require("node:worker_threads");
  const at = (name) => folder + "/" + name;
  while (Atomics.load(swaps, 1) === 0) {
    renameSync(at("swapped"), at("real"));
    renameSync(at("link"), at("swapped"));
    Atomics.add(swaps, 0, 1);
    renameSync(at("swapped"), at("link"));
    renameSync(at("real"), at("swapped"));
    for (let rest = Math.random() * 20_000; rest > 0; rest -= 1);
  }`;
