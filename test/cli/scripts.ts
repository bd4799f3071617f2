import { type ChildProcess, spawn, spawnSync, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import * as fc from "fast-check";
import { onTestFinished } from "vitest";

/** Of UTF-16, lone surrogates included. */
export const anyCodeUnit: fc.Arbitrary<string> = fc.nat(0xff_ff).map((unit) => String.fromCharCode(unit));

/** An empty directory that goes away with the test. @param inMemory Where a test syncs more often than a disk should. */
export function temporaryDirectory(inMemory = false): string {
  const parent = inMemory && existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const path = mkdtempSync(join(parent, "llmbatch-test-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function makePipe(path: string): string {
  const { status, stderr } = spawnSync("mkfifo", [path], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return path;
}

export interface ScriptOptions {
  readonly stdio?: StdioOptions;
  /** Without a superuser's right to read and write everything. */
  readonly unprivileged?: boolean;
  /** A shell command that runs the script as `"$@"`. */
  readonly shell?: string;
}

/**
 * Runs a script in a process of its own, which is killed when the test ends.
 *
 * @param body May use what `src/cli` exports for files, and `argument(n)`, the n-th of `values`.
 */
export function startScript(body: string, values: readonly string[] = [], options: ScriptOptions = {}): ChildProcess {
  const script = preludeOf(body) + (options.unprivileged === true ? becomeNobody : "") + body;
  const command = [process.execPath, "--input-type=module", "--eval", script, ...values];
  const [program = "", ...rest] = options.shell === undefined ? command : ["sh", "-c", options.shell, "sh", ...command];
  const child = spawn(program, rest, { stdio: options.stdio ?? ["ignore", "pipe", "pipe"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

export interface ScriptEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script to its end. */
export async function runScript(body: string, values: readonly string[] = [], options: ScriptOptions = {}): Promise<ScriptEnd> {
  const child = startScript(body, values, options);
  const exit = once(child, "close");
  const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  await exit;
  return { exitCode: child.exitCode, stdout, stderr };
}

/** Waits until the script says something on stdout, then kills it as `kill -9` does. */
export async function killOnceItSpeaks(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error("the script has no stdout");
  await once(child.stdout, "data");
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

async function textOf(stream: Readable | null): Promise<string> {
  return stream === null ? "" : text(stream);
}

const cli = new URL("../../build/cli/", import.meta.url);
const exported = {
  openInput: "input/open-input.js",
  openOutput: "output/open-output.js",
  assertDistinctFiles: "files/distinct-files.js",
  lockFile: "files/file-lock.js",
  writeFileAtomically: "output/write-atomically.js",
};

/** Imports what the script names alone: to load all of it for each takes as long as to start the process. */
function preludeOf(body: string): string {
  const imports = Object.entries(exported).filter(([name]) => body.includes(name));
  const lines = imports.map(([name, path]) => `import { ${name} } from "${cli.href}${path}";\n`);
  return `${lines.join("")}const argument = (n) => process.argv[n + 1];\n`;
}

/** Only a superuser has a right to give up. */
const becomeNobody = `
if (process.getuid() === 0) {
  process.setgroups([]);
  process.setgid(65534);
  process.setuid(65534);
}
`;
