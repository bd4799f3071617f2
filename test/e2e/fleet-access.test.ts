import { describe, expect, it, onTestFinished } from "vitest";
import { Directory } from "../../src/fleet/redis/directory.ts";
import { FleetKeys } from "../../src/fleet/redis/keys.ts";
import { fleetProtocol } from "../../src/fleet/wire/protocol.ts";
import { noSeal } from "../../src/fleet/wire/seal.ts";
import { selfSignedCertificate } from "../providers/self-signed.ts";
import { serve } from "../support/closing.ts";
import { freePort } from "../support/raw-server.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { kill } from "../trials/commands.ts";
import { questions, Workplace } from "./cli.ts";
import { coordinate, lookInto, said, startWorker } from "./fleet.ts";

describe("a queue", () => {
  it("on another machine is not spoken to in clear", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    for (const args of [["run", "in.jsonl"], ["worker"]]) {
      const { code, stderr } = await user.runHere([...args, "--queue", "redis://u:pass-word@redis.example:6379"]);
      expect(code).toBe(2);
      expect(stderr).toContain("would go to redis.example in clear; use rediss://, or give --allow-http");
      expect(stderr).not.toContain("pass-word");
    }
  });

  it("needs packages that are optional", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    user.write("without.mjs", withoutPackages);
    user.environment["NODE_OPTIONS"] = `--import ${user.path("without.mjs")}`;
    const { code, stderr } = await user.run(["run", "in.jsonl", "--queue", "redis://localhost:1"]);
    expect(code).toBe(2);
    expect(stderr).toContain("needs the packages bullmq and ioredis, which are not installed here: npm install bullmq ioredis");
    expect((await user.run(["--version"])).code).toBe(0);
  });

  it.each([
    [
      ["--queue", "redis://u:%zzsecret@localhost"],
      "--queue: its user or password is not encoded as in addresses: % is written %25",
    ],
    [["--queue", "localhost:6379"], "--queue: expected an address such as redis://host:6379, or rediss:// for TLS"],
    [["--queue", "redis://localhost", "--shard", "1/2"], "--shard and --queue are two ways to share a file"],
  ])("is refused with words: %j", async (flags, words) => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", ...flags]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("secret");
  });
});

describe.skipIf(noRedis !== undefined)("a queue behind TLS", () => {
  it("is shared by those who know its authority, and refused by others", async () => {
    const [server, certificate, user] = [await serve(), selfSignedCertificate("localhost"), new Workplace()];
    const authority = user.write("authority.pem", certificate.cert);
    const tlsPort = await freePort();
    const keys = ["--tls-cert-file", authority, "--tls-key-file", user.write("key.pem", certificate.key)];
    await RedisServer.start("--tls-port", String(tlsPort), "--tls-auth-clients", "no", "--tls-ca-cert-file", authority, ...keys);
    const queue = { url: `rediss://localhost:${tlsPort}` };
    user.write("in.jsonl", questions(20));
    const { code, stderr } = await user.runHere(coordinate(queue, server));
    expect(code).toBe(2);
    expect(stderr).toContain("NODE_EXTRA_CA_CERTS");
    user.environment["NODE_EXTRA_CA_CERTS"] = authority; // Node reads it when it starts
    startWorker(user, queue, server);
    const run = await user.run(coordinate(queue, server));
    expect(run.code, run.stderr).toBe(0);
    expect(server.ledger).toHaveLength(20);
  });
});

describe.skipIf(noRedis !== undefined)("a queue that is not reached", () => {
  it("asks for a password, and for the right one, with words that tell where it stands", async () => {
    const redis = await RedisServer.start("--requirepass", "right-one");
    const stands = "user and password stand before the host of its address, which LLMBATCH_QUEUE may hold";
    for (const [url, words] of [
      [redis.url, `asks for a password: ${stands}\n`],
      [
        redis.url.replace("//", "//:wrong-one@"),
        `does not let llmbatch in: WRONGPASS invalid username-password pair or user is disabled; ${stands}\n`,
      ],
    ] as const) {
      const { code, stderr } = await new Workplace().runHere(["worker", "--queue", url, "-p", "mock"]);
      expect([code, stderr]).toEqual([2, `llmbatch: ${redis.url} ${words}`]);
    }
  });

  it("is asked about where it never was there", async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    const worker = new Workplace().start(["worker", "--queue", url, "-p", "mock"], { stdio: ["ignore", "ignore", "pipe"] });
    expect(await said(worker, "Waiting for it")).toContain(
      `${url} cannot be reached (ECONNREFUSED): is the address right, and does a Redis without TLS run there?`,
    );
    await kill(worker, "SIGKILL");
  });
});

/** What versions to come say of themselves. */
const foreign = { protocol: fleetProtocol + 1, check: null, version: "9.0.0", name: "elsewhere:1" };
const mismatch = `elsewhere:1 is of llmbatch 9.0.0, which speaks protocol ${fleetProtocol + 1}, and this one ${fleetProtocol}: install the same version`;

/** One of another version is there until the test is over. */
async function announce(redis: RedisServer, kind: "workers" | "runs", presence: object): Promise<void> {
  const directory = new Directory(lookInto(redis), new FleetKeys("llmbatch", noSeal), kind, "elsewhere");
  await directory.announce(presence);
  const beat = setInterval(() => void directory.announce(presence).catch(() => undefined), 500);
  onTestFinished(() => clearInterval(beat));
}

describe.skipIf(noRedis !== undefined)("members of another protocol", () => {
  it("are runs that a worker does not work for", async () => {
    const redis = await RedisServer.start();
    await announce(redis, "runs", { ...foreign, run: "0123456789abcdef", isStopping: false });
    const { code, stderr } = await new Workplace().runHere(["worker", "--queue", redis.url, "--provider", "mock"]);
    expect(code).toBe(2);
    expect(stderr).toContain(`the run of ${mismatch}`);
  });

  it("are workers that a coordinator does not wait for", async () => {
    const [redis, server, user] = [await RedisServer.start(), await serve(), new Workplace()];
    user.write("in.jsonl", questions(20));
    await announce(redis, "workers", { ...foreign, concurrency: 100, inFlight: 0 });
    const coordinator = user.start(coordinate(redis, server), { stdio: ["ignore", "ignore", "pipe"] });
    expect(await said(coordinator, "the worker")).toContain(mismatch);
    await kill(coordinator, "SIGKILL");
  });
});

/** Hides the packages from a process, as if npm had not installed them. */
const withoutPackages = `
import { register } from "node:module";
register("data:text/javascript," + encodeURIComponent(\`
export function resolve(name, context, next) {
  if (name === "bullmq" || name === "ioredis") throw Object.assign(new Error("no " + name), { code: "ERR_MODULE_NOT_FOUND" });
  return next(name, context);
}\`));
`;
