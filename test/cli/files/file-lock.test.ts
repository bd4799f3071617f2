import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type FileLock, lockFile } from "../../../src/cli/files/file-lock.ts";
import { ConfigurationError } from "../../../src/model/errors.ts";
import { killOnceItSpeaks, runScript, startScript, temporaryDirectory } from "../scripts.ts";

/** A busy machine takes seconds to start a process. */
const patience = { timeout: 20_000 };
const holdLock = `lockFile(argument(0), argument(0)); console.log("locked"); setInterval(() => {}, 1000);`;

describe("lockFile", () => {
  it("refuses a file that another run is writing, names that run and says what to do", async () => {
    const file = fileToLock();
    const holder = startScript(holdLock, [file]);
    await spoken(holder);
    expect(() => lockFile(file, "out.jsonl")).toThrow(
      new ConfigurationError(
        `another run is writing out.jsonl (process ${holder.pid}); wait until it has ended, stop it with "kill ${holder.pid}", or name another file`,
      ),
    );
  });

  it("lets the next run in after release, and keeps the lock to its owner's eyes", () => {
    const file = fileToLock();
    const first = lockFile(file, file);
    expect(statSync(`${file}.lock`).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(`${file}.lock`, "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
    first.releaseNow();
    first.releaseNow();
    lock(file).releaseNow();
    expect(filesBeside(file)).toEqual([]);
  });

  it("goes with a process that exits without releasing it", async () => {
    const file = fileToLock();
    await runScript(`lockFile(argument(0), argument(0)); process.exit(3);`, [file]);
    expect(filesBeside(file)).toEqual([]);
  });

  it("does not remove a lock that has become another run's", () => {
    const file = fileToLock();
    const first = lock(file);
    const other = JSON.stringify({ id: "0123456789abcdef", pid: process.pid, host: hostname() });
    writeFileSync(`${file}.lock`, other);
    first.releaseNow();
    expect(readFileSync(`${file}.lock`, "utf8")).toBe(other);
  });

  it("does not listen for the end of the process any more once it is released", () => {
    const listeners = process.listenerCount("exit");
    for (let count = 0; count < 20; count += 1) lock(fileToLock()).releaseNow();
    expect(process.listenerCount("exit")).toBe(listeners);
  });
});

describe("lockFile, when a lock was left behind", () => {
  it("takes it over from a process that was killed", async () => {
    const file = fileToLock();
    await killOnceItSpeaks(startScript(holdLock, [file]));
    expect(filesBeside(file)).toEqual(["out.jsonl.lock"]);
    lock(file);
    expect(lockedBy(file)).toBe(process.pid);
    expect(filesBeside(file)).toEqual(["out.jsonl.lock"]);
  });

  it.runIf(process.platform === "linux")(
    "takes it over from a killed process that its parent has not looked for yet",
    async () => {
      const file = fileToLock();
      const parent = startScript(holdLock, [file], { shell: `"$@" & echo $!; exec sleep 60` });
      const pid = Number.parseInt(await spoken(parent), 10);
      await expect.poll(() => filesBeside(file), patience).toEqual(["out.jsonl.lock"]);
      process.kill(pid, "SIGKILL");
      await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "utf8"), patience).toContain(") Z ");
      lock(file);
      expect(lockedBy(file)).toBe(process.pid);
    },
  );

  it.runIf(process.platform === "linux")("takes it over when the number of the dead process belongs to another one now", () => {
    const file = fileToLock();
    leaveLock(file, { pid: process.ppid, started: "1" });
    lock(file);
    expect(lockedBy(file)).toBe(process.pid);
  });

  it("takes over from a taker that was killed halfway, and clears up after it", () => {
    const file = fileToLock();
    leaveLock(file, { id: "00000000000000aa" });
    leaveLock(file, { id: "00000000000000bb" }, ".lock.00000000000000aa");
    lock(file);
    expect(filesBeside(file)).toEqual(["out.jsonl.lock"]);
  });

  it("is refused while another process is taking it over", () => {
    const file = fileToLock();
    leaveLock(file, { id: "00000000000000aa" });
    leaveLock(file, { pid: process.ppid }, ".lock.00000000000000aa");
    expect(() => lock(file)).toThrow(`(process ${process.ppid})`);
  });

  it("respects the lock of another machine, whose processes it cannot see", () => {
    const file = fileToLock();
    leaveLock(file, { host: "elsewhere" });
    expect(() => lockFile(file, "out.jsonl")).toThrow(
      `another run is writing out.jsonl (process ${noProcess} on the machine elsewhere); if you are sure that no run is writing out.jsonl, remove ${file}.lock`,
    );
  });

  it.each([
    "",
    "{",
    "notes of the user's own",
    `{"id":"../../../../tmp/evil00","pid":1,"host":"here"}`,
    `{"id":"0123456789abcdef","pid":-1,"host":"here"}`,
    `{"id":"0123456789abcdef","pid":1}`,
    "null",
  ])("leaves a file of that name alone that says %j", (content) => {
    const file = fileToLock();
    writeFileSync(`${file}.lock`, content);
    expect(() => lock(file)).toThrow(`${file}.lock is there, but does not say who made it`);
    expect(readFileSync(`${file}.lock`, "utf8")).toBe(content);
    expect(filesBeside(file)).toEqual(["out.jsonl.lock"]);
  });
});

describe("lockFile, when several runs want the file at once", () => {
  it("gives a lock left behind to exactly one of those that start together, every time", async () => {
    const file = fileToLock(true);
    const children = [1, 2, 3].map(() => startScript(race, [file], { stdio: ["ignore", "ignore", "inherit", "ipc"] }));
    await Promise.all(children.map((child) => once(child, "message")));
    for (let round = 0; round < 60; round += 1) {
      if (round % 3 > 0) leaveLock(file, { id: `00000000000000${round + 10}` });
      const start = String(process.hrtime.bigint() + 2_000_000n);
      const outcomes = await tellAll(children, start);
      expect(outcomes.filter((outcome) => outcome === "won")).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome.startsWith("another run is writing"))).toHaveLength(2);
      expect(filesBeside(file)).toEqual(["out.jsonl.lock"]);
      await tellAll(children, "release");
      expect(filesBeside(file)).toEqual([]);
    }
  });

  it("never lets two in, however many locks are left behind in however quick a succession", async () => {
    const file = fileToLock(true);
    const values = [file, String(noProcess)];
    const ends = await Promise.all([1, 2, 3].map(() => runScript(holdAndDie, values)));
    const told = ends.map(({ stdout, stderr }) => stdout + stderr);
    expect(told).toEqual(["one at a time\n", "one at a time\n", "one at a time\n"]);
    expect(filesBeside(file)).toEqual(["out.jsonl.lock"]);
  });
});

/** Starts each round at the moment that it is told, so that all meet. */
const race = `
  let held;
  process.on("message", (word) => {
    if (word === "release") {
      held?.releaseNow();
      held = undefined;
      process.send("released");
      return;
    }
    while (process.hrtime.bigint() < BigInt(word));
    try {
      held = lockFile(argument(0), argument(0));
      process.send("won");
    } catch (error) {
      process.send(error.message);
    }
  });
  process.send("ready");`;

/** Takes the lock 40 times, each time in the way of a new process; lets it look as if that process had died then. */
const holdAndDie = `
  const { renameSync, rmSync, writeFileSync } = await import("node:fs");
  const { hostname } = await import("node:os");
  const { randomBytes } = await import("node:crypto");
  const [file, room] = [argument(0), argument(0) + ".room"];
  let collisions = 0;
  for (let times = 0; times < 40; ) {
    try {
      lockFile(file, file);
    } catch {
      continue;
    }
    times += 1;
    process.removeAllListeners("exit");
    try {
      writeFileSync(room, "", { flag: "wx" });
    } catch {
      collisions += 1;
    }
    const until = process.hrtime.bigint() + BigInt(Math.floor(Math.random() * 200_000));
    while (process.hrtime.bigint() < until);
    rmSync(room, { force: true });
    const id = randomBytes(8).toString("hex");
    writeFileSync(file + id, JSON.stringify({ id, pid: Number(argument(1)), host: hostname() }));
    renameSync(file + id, file + ".lock");
  }
  console.log(collisions === 0 ? "one at a time" : collisions + " collisions");`;

async function tellAll(children: readonly ChildProcess[], word: string): Promise<string[]> {
  const answers = children.map((child) => once(child, "message"));
  for (const child of children) child.send(word);
  return (await Promise.all(answers)).map(([answer]) => String(answer));
}

/** Above the largest number that Linux gives. */
const noProcess = 4_194_305;

function leaveLock(file: string, holder: object, suffix = ".lock"): void {
  const dead = { id: "0123456789abcdef", pid: noProcess, host: hostname(), ...holder };
  writeFileSync(file + suffix, JSON.stringify(dead));
}

function lock(file: string): FileLock {
  const held = lockFile(file, file);
  onTestFinished(() => held.releaseNow());
  return held;
}

function lockedBy(file: string): unknown {
  const holder: unknown = JSON.parse(readFileSync(`${file}.lock`, "utf8"));
  return typeof holder === "object" && holder !== null && "pid" in holder ? holder.pid : undefined;
}

function fileToLock(inMemory = false): string {
  return join(temporaryDirectory(inMemory), "out.jsonl");
}

function filesBeside(file: string): string[] {
  return readdirSync(join(file, ".."));
}

async function spoken(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the script has no stdout");
  const [chunk] = await once(child.stdout, "data");
  return String(chunk);
}
