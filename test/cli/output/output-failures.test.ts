import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openOutput } from "../../../src/cli/output/open-output.ts";
import { OutputError, ConfigurationError } from "../../../src/model/errors.ts";
import { killOnceItSpeaks, runScript, startScript, temporaryDirectory } from "../scripts.ts";

describe("openOutput, before anything is sent", () => {
  it.each([
    { name: "missing/out.jsonl", problem: "missing; make it first" },
    { name: "directory", problem: "it is a directory" },
    { name: "new/", problem: "it is a directory" },
    { name: "file/out.jsonl", problem: "a part of its path is not a directory" },
    { name: "circle", problem: "its symbolic links go in a circle" },
    { name: "x".repeat(300), problem: "the name is too long" },
    { name: "x".repeat(250), problem: "the name is too long" },
    { name: "blocked", problem: "blocked.partial: it is a directory" },
  ])("refuses $name, names it, and touches nothing", async ({ name, problem }) => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "directory"));
    writeFileSync(join(directory, "file"), "precious");
    symlinkSync("circle", join(directory, "circle"));
    mkdirSync(join(directory, "blocked.partial"));
    const before = readdirSync(directory);
    const opening = openOutput(join(directory, name));
    await expect(opening).rejects.toThrow(ConfigurationError);
    await expect(opening).rejects.toThrow(problem);
    await expect(opening).rejects.toThrow(join(directory, name));
    expect(readdirSync(directory)).toEqual(before);
  });

  it("leaves nothing behind when not even the lock can be written", async () => {
    const directory = temporaryDirectory();
    const { stdout } = await runScript(
      `await openOutput(argument(0)).catch((error) => console.log(error.name, error.message));`,
      [join(directory, "out.jsonl")],
      { shell: `ulimit -f 0; exec "$@"` },
    );
    expect(stdout).toMatch(/^ConfigurationError cannot lock .*: the file would be larger than the system allows\n$/);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("refuses a file without a name", async () => {
    await expect(openOutput("")).rejects.toThrow(new ConfigurationError("cannot write to a file without a name"));
  });

  it("refuses a write-protected FILE, and a directory without write permission", async () => {
    const directory = temporaryDirectory();
    chmodSync(directory, 0o777);
    writeFileSync(join(directory, "protected"), "precious", { mode: 0o444 });
    mkdirSync(join(directory, "closed"), { mode: 0o555 });
    for (const name of ["protected", "closed/out.jsonl"]) {
      const { stdout } = await runScript(
        `await openOutput(argument(0)).catch((error) => console.log(error.name, error.message))`,
        [join(directory, name)],
        { unprivileged: true },
      );
      expect(stdout).toContain(`ConfigurationError cannot write ${join(directory, name)}: `);
      expect(stdout).toContain("permission denied");
    }
    expect(readdirSync(directory, { recursive: true }).toSorted()).toEqual(["closed", "protected"]);
  });

  it("refuses a FILE that another run is writing, under whatever name", async () => {
    const directory = realpathSync(temporaryDirectory());
    const file = join(directory, "out.jsonl");
    symlinkSync(directory, join(directory, "same"));
    const first = await openOutput(file);
    first.write("first\n");
    await first.flush();
    for (const name of [file, join(directory, ".", "same", "out.jsonl")])
      await expect(openOutput(name)).rejects.toThrow(new RegExp(`another run is writing ${name} \\(process ${process.pid}\\)`));
    expect(readFileSync(`${file}.partial`, "utf8")).toBe("first\n");
    await first.finish();
    await (await openOutput(file)).abandon();
  });
});

describe("openOutput, when the disk fails the run", () => {
  const fillUp = `
    const output = await openOutput(argument(0));
    const line = "x".repeat(1023) + "\\n";
    try {
      for (let lines = 0; lines < 20_000; lines += 1) await output.write(line);
      await output.finish();
    } catch (error) {
      await output.abandon();
      console.log(error.name, error.message);
    }
    console.log((await import("node:fs")).readdirSync(argument(1)).join(" "));`;

  it("says that the disk is full, and keeps the older FILE and what was written", async ({ skip }) => {
    const directory = temporaryDirectory();
    const small = `mount -t tmpfs -o size=1m tmpfs ${directory} 2>/dev/null || exit 77; echo older > ${directory}/out.jsonl; "$@"; cat ${directory}/out.jsonl`;
    const namespace = `exec unshare --user --map-root-user --mount sh -c '${small}' sh "$@"`;
    const { exitCode, stdout } = await runScript(fillUp, [join(directory, "out.jsonl"), directory], { shell: namespace });
    skip(exitCode !== 0, "no small file system can be mounted here; the next test does without");
    expect(stdout).toContain(`OutputError cannot write ${directory}/out.jsonl.partial: the disk is full; make room`);
    expect(stdout).toContain("\nout.jsonl out.jsonl.partial\nolder\n");
  });

  it("writes as much as the system takes, then says what stopped it", async () => {
    const directory = temporaryDirectory();
    const file = join(directory, "out.jsonl");
    const { stdout } = await runScript(fillUp, [file, directory], { shell: `ulimit -f 1000; exec "$@"` });
    expect(stdout).toContain(`OutputError cannot write ${file}.partial: the file would be larger than the system allows`);
    expect(stdout).toContain("\nout.jsonl.partial\n");
    expect(statSync(`${file}.partial`).size % 512_000).toBe(0);
    expect(readFileSync(`${file}.partial`, "utf8")).toMatch(/^(x{1023}\n)+$/);
  });

  it("does not bring a failure out of abandon that it has told before, but does tell an untold one", async () => {
    const file = join(temporaryDirectory(), "out.jsonl");
    const { stdout } = await runScript(
      `const output = await openOutput(argument(0));
       output.write("x".repeat(2_000_000));
       await output.abandon().catch((error) => console.log(error.name));`,
      [file],
      { shell: `ulimit -f 1000; exec "$@"` },
    );
    expect(stdout).toBe("OutputError\n");
  });

  it.each([
    { happens: "removed", how: (partial: string) => rmSync(partial), problem: "there is no such file" },
    {
      happens: "replaced",
      how: (partial: string) => {
        writeFileSync(`${partial}.other`, "not ours");
        renameSync(`${partial}.other`, partial);
      },
      problem: "it was replaced while it was being written",
    },
  ])("says that FILE.partial was $happens, and keeps the older FILE", async ({ how, problem }) => {
    const file = join(temporaryDirectory(), "out.jsonl");
    writeFileSync(file, "older\n");
    const output = await openOutput(file);
    output.write("new\n");
    how(`${file}.partial`);
    const finishing = output.finish();
    await expect(finishing).rejects.toThrow(OutputError);
    await expect(finishing).rejects.toThrow(`cannot put ${file}.partial in the place of ${file}: ${problem}`);
    expect(readFileSync(file, "utf8")).toBe("older\n");
    expect(existsSync(`${file}.lock`)).toBe(false);
  });

  it("can write FILE again after the process that wrote it was killed", async () => {
    const file = join(temporaryDirectory(), "out.jsonl");
    const killed = startScript(
      `const output = await openOutput(argument(0));
       output.write("of the killed run\\n");
       await output.flush();
       console.log("written");
       setInterval(() => {}, 1000);`,
      [file],
    );
    await killOnceItSpeaks(killed);
    expect(readFileSync(`${file}.partial`, "utf8")).toBe("of the killed run\n");
    const output = await openOutput(file);
    output.write("of the next run\n");
    await output.finish();
    expect(readFileSync(file, "utf8")).toBe("of the next run\n");
    expect(readdirSync(join(file, ".."))).toEqual(["out.jsonl"]);
  });
});
