import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { lockFile } from "../../../src/cli/files/file-lock.ts";
import { makePipe, runScript, temporaryDirectory } from "../scripts.ts";

it("what stands in the place of a lock is neither followed, waited for nor read for ever: it was, by a link, a FIFO or a device", async () => {
  const folder = temporaryDirectory();
  const planted = {
    "link-to-nowhere": (path: string) => symlinkSync("nowhere", path),
    "link-to-device": (path: string) => symlinkSync("/dev/zero", path),
    "link-to-lock": (path: string) => symlinkSync(foreignLock(join(folder, "elsewhere")), path),
    fifo: (path: string) => makePipe(path),
    folder: (path: string) => mkdirSync(path),
    "huge-file": (path: string) => {
      writeFileSync(path, "");
      truncateSync(path, 2 ** 33);
    },
  };
  for (const [name, plant] of Object.entries(planted)) plant(join(folder, `${name}.lock`));
  const { stdout } = await runScript(
    `for (const path of process.argv.slice(1)) try { lockFile(path, path); } catch (error) { console.log(error.message); }`,
    Object.keys(planted).map((name) => join(folder, name)),
  );
  const paths = Object.keys(planted).map((name) => join(folder, name));
  expect(stdout.split("\n").slice(0, -1)).toEqual(
    paths.map(
      (path) =>
        `cannot lock ${path}: ${path}.lock is there, but does not say who made it; if you are sure that no run is writing ${path}, remove ${path}.lock`,
    ),
  );
  for (const path of paths) expect(lstatSync(`${path}.lock`, { throwIfNoEntry: false })).toBeDefined();
});

it.runIf(process.platform === "linux")("a lock that names another program does not make us propose to kill it", async () => {
  const folder = temporaryDirectory();
  const bystander = spawn("sleep", ["1000"]);
  onTestFinished(() => void bystander.kill());
  await once(bystander, "spawn");
  const pid = bystander.pid ?? 0;
  const started = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[21];
  for (const holder of [{ pid, started }, { pid }, { pid: process.pid }]) {
    const path = join(folder, "out.jsonl");
    foreignLock(`${path}.lock`, holder);
    expect(() => lockFile(path, "out.jsonl")).toThrow(
      `another run is writing out.jsonl (process ${holder.pid}); if you are sure that no run is writing out.jsonl, remove ${path}.lock`,
    );
  }
});

function foreignLock(path: string, holder: object = { pid: process.pid }): string {
  writeFileSync(path, JSON.stringify({ id: "0123456789abcdef", host: hostname(), ...holder }));
  return path;
}
