import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";
import { onTestFinished } from "vitest";
import type { RedisServer } from "../support/redis-server.ts";
import type { ScriptedServer } from "../support/scripted-server.ts";
import type { Workplace } from "./cli.ts";

const quickWorker = join(import.meta.dirname, "..", "support", "quick-worker.mjs");

/** What a user types on the machine that has the file. */
export function coordinate({ url }: Pick<RedisServer, "url">, server: ScriptedServer, ...more: string[]): string[] {
  return ["run", "in.jsonl", "-o", "out.jsonl", "-q", "--base-url", `${server.url}/v1`, "--queue", url, ...more];
}

/** Starts `llmbatch worker`, which is gone when the test is over. */
export function startWorker(
  user: Workplace,
  { url }: Pick<RedisServer, "url">,
  server: ScriptedServer,
  ...more: string[]
): ChildProcess {
  const args = ["worker", "--queue", url, "--base-url", `${server.url}/v1`, "--retry-delay", "0.001", ...more];
  return gone(user.start(args, { stdio: ["ignore", "ignore", "pipe"] }));
}

/** A worker whose chunks are given to others after 2 s. Resolves when it takes them. */
export async function startQuickWorker(
  user: Workplace,
  { url }: Pick<RedisServer, "url">,
  server: ScriptedServer | "instant",
  concurrency = 8,
): Promise<ChildProcess> {
  const baseUrl = server === "instant" ? server : `${server.url}/v1`;
  const args = [quickWorker, url, baseUrl, String(concurrency)];
  const child = gone(user.spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] }));
  await said(child, "ready");
  return child;
}

/** Resolves once a process has said something that contains `text`. */
export async function said(child: ChildProcess, text: string): Promise<string> {
  if (child.stderr === null) throw new Error("its stderr is not read");
  for await (const line of createInterface(child.stderr)) if (line.includes(text)) return line;
  throw new Error(`it ended without saying ${text}`);
}

/** A connection of the test's own. */
export function lookInto({ port }: RedisServer): Redis {
  const redis = new Redis(port, "127.0.0.1");
  redis.on("error", () => undefined);
  onTestFinished(() => redis.disconnect());
  return redis;
}

function gone(child: ChildProcess): ChildProcess {
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  return child;
}
