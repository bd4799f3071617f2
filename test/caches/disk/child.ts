import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";

/** Another process that uses a disk cache: `children/disk-cache.js`. */
export class Child {
  readonly process: ChildProcessWithoutNullStreams;
  readonly lines: AsyncIterator<string>;

  constructor(
    path: string,
    { command = [process.execPath], user = "self" }: { command?: readonly string[]; user?: "self" | "unprivileged" } = {},
  ) {
    const script = join(import.meta.dirname, "children", "disk-cache.js");
    const [program = "", ...parameters] = [...command, script, path, user];
    this.process = spawn(program, parameters, { stdio: ["pipe", "pipe", "pipe"] });
    this.process.stderr.pipe(process.stderr);
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
    onTestFinished(async () => {
      this.process.kill("SIGKILL");
      await this.end();
    });
  }

  /** @returns what the command came to. */
  async do(command: string): Promise<unknown> {
    this.process.stdin.write(`${command}\n`);
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error(`the child ended before it answered to ${command}`);
    return JSON.parse(value);
  }

  async end(): Promise<void> {
    this.process.stdin.end();
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, "exit");
  }
}
