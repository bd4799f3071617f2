import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setFlagsFromString } from "node:v8";
import { main } from "../../src/cli/main.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const checkout = join(import.meta.dirname, "..", "..", "bin", "llmbatch.js");

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One user: a folder of their own to work in, with their own cache, and the real program to call. */
export class Workplace {
  readonly folder: string = temporaryFolder();
  readonly environment: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"],
    HOME: this.folder,
    XDG_CACHE_HOME: join(this.folder, "cache"),
    OPENAI_API_KEY: "sk-test-0123456789",
  };

  readonly #program: string;

  /** @param program Which `llmbatch.js`: the checkout's, unless an installed one is tested. */
  constructor(program: string = checkout) {
    this.#program = program;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string | readonly unknown[]): string {
    const path = this.path(name);
    writeFileSync(path, typeof content === "string" ? content : content.map((line) => `${JSON.stringify(line)}\n`).join(""));
    return path;
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  lines(name: string): OutputLine[] {
    return parseLines(this.read(name));
  }

  start(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return this.spawn(process.execPath, [this.#program, ...args], options);
  }

  /** Another program that starts ours in its own way. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return spawn(command, args, { cwd: this.folder, env: this.environment, ...options });
  }

  /** Runs the program to its end. @param input What is piped in; without it stdin is empty. */
  async run(args: readonly string[], input = ""): Promise<Finished> {
    return this.finish(this.start(args), input);
  }

  /**
   * The same in this process, because a process of its own takes 0.5 s of a core to start. Not for signals, inherited descriptors,
   * variables that Node itself reads, or several runs at once.
   */
  async runHere(args: readonly string[], input: string | Buffer = ""): Promise<Finished> {
    const folder = process.cwd();
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const said = Promise.all([text(stdout), text(stderr)]);
    const putBack = replaceInProcess({
      env: { ...this.environment },
      stdin: Readable.from([Buffer.from(input)]),
      stdout,
      stderr,
    });
    try {
      process.chdir(this.folder);
      const code = await main(args);
      stdout.end();
      stderr.end();
      const [out, err] = await said;
      return { code, stdout: out, stderr: err };
    } finally {
      putBack();
      process.chdir(folder);
      setFlagsFromString("--heap-growing-percent=0"); // as it is by default: a run sets it for its process
    }
  }

  async finish(child: ChildProcess, input: string | Readable = ""): Promise<Finished> {
    const ended: Promise<unknown[]> = once(child, "close");
    child.stdin?.on("error", () => {});
    if (typeof input === "string") child.stdin?.end(input);
    else if (child.stdin !== null) input.pipe(child.stdin);
    const [stdout, stderr] = await Promise.all([read(child.stdout), read(child.stderr)]);
    const [code] = await ended;
    return { code: typeof code === "number" ? code : null, stdout, stderr };
  }
}

/** A line of the output, as far as tests look at it. */
export interface OutputLine {
  readonly id: string;
  readonly custom_id: string;
  readonly response: { readonly status_code: number; readonly request_id: string; readonly body: unknown } | null;
  readonly error: { readonly code: string; readonly message: string; readonly attempts: number } | null;
  readonly metadata?: unknown;
}

export function parseLines(content: string): OutputLine[] {
  return content
    .split("\n")
    .filter((line) => line !== "")
    .map((line): OutputLine => JSON.parse(line));
}

/** Batch lines that ask `count` different questions. */
export function questions(count: number, body: object = {}): { custom_id: string; body: object }[] {
  return Array.from({ length: count }, (_, index) => ({
    custom_id: `q-${index + 1}`,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model: "test-model", messages: [{ role: "user", content: `Question ${index + 1}` }], ...body },
  }));
}

/** @returns what puts back the process's own. */
function replaceInProcess(values: Readonly<Record<string, unknown>>): () => void {
  const names = Object.keys(values);
  const own = names.map((name) => Object.getOwnPropertyDescriptor(process, name));
  for (const name of names) Object.defineProperty(process, name, { value: values[name], configurable: true, writable: true });
  return () => names.forEach((name, index) => Object.defineProperty(process, name, own[index] ?? {}));
}

function read(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? Promise.resolve("") : text(stream);
}
