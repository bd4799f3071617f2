import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deferred } from "./deferred.ts";
import { freePort } from "./raw-server.ts";

/** It does not run as root. */
const isRoot = process.getuid?.() === 0;
const owner = isRoot ? Number(spawnSync("id", ["-u", "postgres"]).stdout) || undefined : process.getuid?.();

/** Why tests that need a Postgres are skipped; undefined where there is one. */
export const noPostgres: string | undefined = [spawnSync("initdb", ["--version"]), spawnSync("postgres", ["--version"])].some(
  ({ error }) => error !== undefined,
)
  ? "there is no postgres with initdb on the PATH (Debian: postgresql)"
  : owner === undefined
    ? "postgres does not run as root, and there is no user postgres"
    : undefined;

export interface PostgresServer {
  /** Of the database `postgres`. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** A Postgres of the tests' own, which waits for no disk: for `beforeAll`, because making one takes seconds. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "llmbatch-test-"));
  if (owner !== undefined) chownSync(folder, owner, -1);
  const data = join(folder, "data");
  const place = { cwd: folder, ...(owner !== undefined && { uid: owner }) };
  const made = spawnSync("initdb", ["-D", data, "-U", "tester", "-A", "trust", "--no-sync"], place);
  if (made.status !== 0) throw new Error(`initdb: ${String(made.stderr)}`);
  const port = await freePort();
  const settings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=127.0.0.1"];
  const options = settings.flatMap((setting) => ["-c", setting]);
  const server = spawn("postgres", ["-D", data, "-p", String(port), "-k", folder, ...options], place);
  const isReady = deferred<boolean>();
  let log = "";
  server.on("exit", () => isReady.resolve(false));
  server.stderr.on("data", (chunk) => {
    log += String(chunk);
    if (log.includes("ready to accept connections")) isReady.resolve(true);
  });
  if (!(await isReady.promise)) throw new Error(log);
  return {
    url: `postgres://tester@127.0.0.1:${port}/postgres`,
    stop: async () => {
      server.kill("SIGINT");
      if (server.exitCode === null) await once(server, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
