import { once } from "node:events";
import { createReadStream, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { openOutput } from "../../../src/cli/output/open-output.ts";
import { ConfigurationError } from "../../../src/model/errors.ts";
import { makePipe, runScript, startScript, temporaryDirectory } from "../scripts.ts";

/** Writes argument(1) lines of 1 KiB to argument(0), and ends of itself. */
const writeLines = `
  const output = await openOutput(argument(0));
  for (let line = 0; line < Number(argument(1)); line += 1) {
    const pending = output.write(String(line).padStart(1023) + "\\n");
    if (pending !== undefined) await pending;
    if (output.readerGone) break;
  }
  await output.finish();
  process.stderr.write(output.readerGone ? "reader gone" : "all written");`;

function lines(count: number): string {
  return Array.from({ length: count }, (_, line) => `${String(line).padStart(1023)}\n`).join("");
}

describe("openOutput with stdout", () => {
  it.each([
    { kind: "a socket", target: "/dev/stdout", shell: `"$@"` },
    { kind: "a pipe", target: "-", shell: `"$@" | (sleep 0.1; cat)` },
    { kind: "a pipe, named by its number", target: "/dev/fd/1", shell: `"$@" | cat` },
  ])("loses nothing at the end of the process when it is $kind", async ({ target, shell }) => {
    const { stdout, stderr } = await runScript(writeLines, [target, "3000"], { shell });
    expect(stderr).toBe("all written");
    expect(stdout).toBe(lines(3000));
  });

  it.each(["-", "/dev/stdout"])("goes on where a redirected stdout stands (%s)", async (target) => {
    const file = join(temporaryDirectory(), "out.jsonl");
    const { stderr } = await runScript(writeLines, [target, "300"], {
      shell: `(echo before; "$@"; echo after) > ${file}; "$@" >> ${file}`,
    });
    expect(stderr).toBe("all writtenall written");
    expect(readFileSync(file, "utf8")).toBe(`before\n${lines(300)}after\n${lines(300)}`);
    expect(readdirSync(join(file, ".."))).toEqual(["out.jsonl"]);
  });

  it("writes to a terminal", async ({ skip }) => {
    const { stdout, exitCode } = await runScript(writeLines, ["-", "50"], {
      shell: `command -v script >&2 && script --quiet --return --command "$(printf "'%s' " "$@")" /dev/null`,
    });
    skip(exitCode !== 0, "no terminal to be had here");
    expect(stdout.replaceAll("\r\n", "\n")).toBe(`${lines(50)}all written`);
  });

  it("stops quietly when the reader closes a pipe (| head)", async () => {
    const { stdout, stderr, exitCode } = await runScript(writeLines, ["-", "100000"], { shell: `"$@" | head -n 1` });
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: lines(1), stderr: "reader gone", exitCode: 0 });
  });

  it("stays quiet when something else is written after that", async () => {
    const { stderr, exitCode } = await runScript(
      `${writeLines}; await writeFileAtomically("/dev/stdout", "stats");`,
      ["-", "100000"],
      {
        shell: `"$@" | head -n 1`,
      },
    );
    expect({ stderr, exitCode }).toEqual({ stderr: "reader gone", exitCode: 0 });
  });

  it("stops quietly when the reader closes a socket with unread bytes in it", async () => {
    const child = startScript(writeLines, ["-", "100000"]);
    const exit = once(child, "exit");
    child.stdout?.once("data", () => child.stdout?.destroy());
    const said = child.stderr === null ? "" : (await buffer(child.stderr)).toString();
    expect(await exit).toEqual([0, null]);
    expect(said).toBe("reader gone");
  });

  it("says that the disk behind it is full", async () => {
    const { stdout } = await runScript(
      `const output = await openOutput("-");
       output.write("line\\n");
       await output.finish().catch((error) => process.stderr.write(error.name + " " + error.message));`,
      [],
      { shell: `"$@" 2>&1 >/dev/full` },
    );
    expect(stdout).toBe("OutputError cannot write to stdout: the disk is full; make room and run the same command again");
  });

  it("does not take it for written when the system takes only a part", async () => {
    const file = join(temporaryDirectory(), "out.jsonl");
    const { stderr } = await runScript(
      `const output = await openOutput("-");
       output.write("x".repeat(60_000));
       await output.finish().catch((error) => process.stderr.write(error.name + " " + error.message));`,
      [],
      { shell: `ulimit -f 100; "$@" > ${file}` },
    );
    expect(stderr).toBe("OutputError cannot write to stdout: the file would be larger than the system allows");
  });

  it("keeps no more than a few buffers in memory while the reader is slow", async () => {
    const child = startScript(
      `const output = await openOutput("-");
       const text = "x".repeat(1023) + "\\n";
       const before = process.memoryUsage().arrayBuffers;
       let peak = 0;
       for (let line = 0; line < 40_000; line += 1) {
         await output.write(text);
         if (line % 100 === 0) peak = Math.max(peak, process.memoryUsage().arrayBuffers - before + process.stdout.writableLength);
       }
       await output.finish();
       process.stderr.write(String(peak));`,
    );
    if (child.stdout === null || child.stderr === null) throw new Error("no pipes");
    const said = buffer(child.stderr);
    let received = 0;
    for await (const chunk of child.stdout) {
      received += chunk.length;
      await sleep(0);
    }
    expect(received).toBe(40_000 * 1024);
    // Of 40 MB in all; what is counted includes buffers that wait to be collected.
    expect(Number(await said)).toBeLessThan(24_000_000);
  });
});

describe("openOutput with a named pipe", () => {
  it("waits for a reader, hands everything over, and leaves no file beside it", async () => {
    const pipe = makePipe(join(temporaryDirectory(), "pipe"));
    const child = startScript(writeLines, [pipe, "3000"]);
    await sleep(20);
    const received = await buffer(createReadStream(pipe));
    expect(received.toString()).toBe(lines(3000));
    if (child.exitCode === null) await once(child, "exit");
    expect(readdirSync(join(pipe, ".."))).toEqual(["pipe"]);
  });

  it("stops quietly when the reader leaves", async () => {
    const pipe = makePipe(join(temporaryDirectory(), "pipe"));
    const { stdout, stderr, exitCode } = await runScript(writeLines, [pipe, "100000"], {
      shell: `head -n 1 ${pipe} & "$@"; wait`,
    });
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: lines(1), stderr: "reader gone", exitCode: 0 });
  });

  it("lets the process exit while it waits: a blocked open once kept it for ever", async () => {
    const pipe = makePipe(join(temporaryDirectory(), "pipe"));
    const { exitCode } = await runScript(`setTimeout(() => process.exit(7), 100); await openOutput(argument(0));`, [pipe]);
    expect(exitCode).toBe(7);
  });
});

describe("openOutput with other things", () => {
  it("writes an inherited descriptor of a file where it stands", async () => {
    const file = join(temporaryDirectory(), "out.jsonl");
    await runScript(writeLines, ["/dev/fd/3", "300"], { shell: `exec 3>${file}; echo before >&3; "$@"; echo after >&3` });
    expect(readFileSync(file, "utf8")).toBe(`before\n${lines(300)}after\n`);
    expect(readdirSync(join(file, ".."))).toEqual(["out.jsonl"]);
  });

  it("writes an inherited descriptor of a pipe, as a shell's >(…) is", async () => {
    const { stdout, stderr } = await runScript(writeLines, ["/dev/fd/3", "3000"], { shell: `"$@" 3>&1 >/dev/null | cat` });
    expect(stderr).toBe("all written");
    expect(stdout).toBe(lines(3000));
  });

  it("writes a device as it is", async () => {
    const { stderr, stdout, exitCode } = await runScript(writeLines, ["/dev/null", "3000"]);
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: "", stderr: "all written", exitCode: 0 });
    const full = await openOutput("/dev/full");
    full.write("line\n");
    await expect(full.finish()).rejects.toThrow("cannot write /dev/full: the disk is full");
    await full.abandon();
  });

  it("refuses a descriptor that is not open, and a socket", async () => {
    await expect(openOutput("/dev/fd/999")).rejects.toThrow(
      new ConfigurationError("cannot write /dev/fd/999: the descriptor is not open"),
    );
    const socket = join(temporaryDirectory(), "socket");
    const server = createServer().listen(socket);
    onTestFinished(() => {
      server.close();
    });
    await once(server, "listening");
    await expect(openOutput(socket)).rejects.toThrow(`cannot write ${socket}: it is a socket`);
  });

  it("says which it was: a path for what has one, none for stdout", async () => {
    const device = await openOutput("/dev/null");
    expect(device.path).toBe("/dev/null");
    await device.finish();
    expect((await openOutput(undefined)).path).toBeUndefined();
  });
});
