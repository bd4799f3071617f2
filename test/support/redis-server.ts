import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { onTestFinished } from "vitest";
import { deferred } from "./deferred.ts";
import { freePort } from "./raw-server.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Why tests that need a Redis are skipped; undefined where there is one. */
export const noRedis: string | undefined =
  spawnSync("redis-server", ["--version"]).error === undefined
    ? undefined
    : "there is no redis-server here (Debian: redis-server)";

/** A Redis of the test's own, on a port of its own. What it keeps, it keeps over `start` if `options` say so. */
export class RedisServer {
  readonly port: number;
  readonly #options: readonly string[];
  readonly #folder: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, options: readonly string[], folder: string) {
    this.port = port;
    this.#options = options;
    this.#folder = folder;
  }

  /**
   * Starts one that is gone when the test is over.
   *
   * @param options As on its command line: `"--appendonly", "yes"`. It keeps nothing without.
   */
  static async start(...options: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options, temporaryFolder());
    onTestFinished(() => server.kill());
    await server.start();
    return server;
  }

  /** Starts one for several tests, which its caller kills. */
  static async startForAll(): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), [], tmpdir());
    await server.start();
    return server;
  }

  /** `redis://127.0.0.1:PORT` */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** For `SIGSTOP` and `SIGCONT`. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it again after `kill`, with what it kept. Resolves when it takes connections. */
  async start(): Promise<void> {
    const own = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#folder, "--maxmemory-policy", "noeviction"];
    const child = spawn("redis-server", [...own, "--save", "", ...this.#options], { stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    const isReady = deferred<boolean>();
    child.on("exit", () => isReady.resolve(false));
    child.stdout.on("data", (chunk) => {
      if (String(chunk).includes("Ready to accept connections")) isReady.resolve(true);
    });
    if (!(await isReady.promise)) throw new Error(`redis-server ended before it was ready, on port ${this.port}`);
  }

  /** `kill -9`: it has no time to write anything down. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}
