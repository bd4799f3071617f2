import type { ChildProcess } from "node:child_process";
import { onTestFinished } from "vitest";
import { deferred } from "../support/deferred.ts";
import type { Finished, Workplace } from "./cli.ts";

export interface Serving {
  readonly child: ChildProcess;
  readonly url: string;
  readonly ended: Promise<Finished>;
}

/** Starts the command, and waits until it is ready. */
export async function startServe(user: Workplace, args: readonly string[]): Promise<Serving> {
  const child = user.start(["serve", "--port", "0", ...args]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const ready = deferred<string>();
  child.stderr?.on("data", (chunk: Buffer) => {
    const [, url] = /^llmbatch: serving (http:\/\/127\.0\.0\.1:\d+)\/v1$/m.exec(String(chunk)) ?? [];
    if (url !== undefined) ready.resolve(url);
  });
  const ended = user.finish(child);
  return { child, url: await ready.promise, ended };
}
