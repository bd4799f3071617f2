import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { chatAnswer, type ScriptedServer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

if (noRedis !== undefined) console.log(`skipped, because ${noRedis}`);

const password = "pass-word-12345";

function run({ url }: ScriptedServer, cachePath: string, ...more: string[]): string[] {
  return ["run", "in.jsonl", "--base-url", `${url}/v1`, "-o", "out.jsonl", "--cache-path", cachePath, ...more];
}

function userWith(lines: number): Workplace {
  const user = new Workplace();
  user.write("in.jsonl", questions(lines));
  return user;
}

describe.skipIf(noRedis !== undefined)("--cache-path redis://", () => {
  it("a second machine finds what the first has paid for, and no file has the password", async () => {
    const redis = await RedisServer.start("--requirepass", password);
    const url = `redis://:${password}@127.0.0.1:${redis.port}`;
    const server = await serve(() => chatAnswer());
    const [first, second] = [userWith(30), userWith(30)];
    first.environment["LLMBATCH_CACHE_PATH"] = url;
    expect((await first.runHere(["run", "in.jsonl", "--base-url", `${server.url}/v1`, "-o", "out.jsonl"])).code).toBe(0);
    const again = await second.runHere(run(server, url, "--log", "log.jsonl", "--shard", "2/3"));
    expect([again.code, server.ledger.length]).toEqual([0, 30]);
    expect(second.lines("out.jsonl").length).toBe(10);
    const address = ["--base-url", `${server.url}/v1`, "--cache-path", url];
    const has = await second.runHere(["cache", "has", "in.jsonl", ...address]);
    expect([has.code, has.stdout]).toEqual([0, "in.jsonl: 30 of 30 lines are in the cache\n"]);
    const estimate = await second.runHere(["estimate", "in.jsonl", "--json", ...address]);
    expect(JSON.parse(estimate.stdout)).toMatchObject({ requests: 30, cached: 30 });
    const cleared = await second.runHere(["cache", "clear", "--cache-path", url]);
    expect([cleared.code, cleared.stdout]).toEqual([0, "all answers removed\n"]);
    expect((await second.runHere(["cache", "has", "in.jsonl", ...address])).code).toBe(1);
    const path = await second.runHere(["cache", "path", "--cache-path", url]);
    expect(path.stdout).toBe(`redis://127.0.0.1:${redis.port}\n`);
    const written = ["out.jsonl", "out.jsonl.stats.json", "log.jsonl"].map((name) => second.read(name));
    expect([...written, again.stderr, has.stderr, path.stdout].join("")).not.toContain(password);
  });

  it("a run goes on when the server is back, and nothing is asked twice", async () => {
    const redis = await RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
    const user = userWith(20);
    const server = await serve(async ({ index }) => {
      if (index === 3) await redis.kill();
      return chatAnswer();
    });
    const child = user.start(run(server, redis.url, "-c", "2", "--progress", "none"), { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    child.stderr?.on("data", (chunk) => (said += String(chunk)));
    const finished = user.finish(child);
    await expect.poll(() => said, { timeout: 30_000 }).toContain("does not answer");
    await redis.start();
    const { code, stderr } = await finished;
    expect([code, server.ledger.length]).toEqual([0, 20]);
    expect(stderr.match(/does not answer/g)?.length).toBe(1);
    expect(stderr.match(/\d is back$/gm)?.length).toBe(1);
  }, 60_000);

  it.each([
    ["cache has an id", ["cache", "has", `batch_req_${"a".repeat(24)}`], "name a file of its lines"],
    ["cache stats", ["cache", "stats"], "cache stats is for the disk cache"],
    ["cache prune", ["cache", "prune"], "cache prune is for the disk cache"],
    ["--max-cache-size", ["run", "in.jsonl", "-p", "mock", "--max-cache-size", "1GB"], "--max-cache-size is for files"],
  ])("does not do %s, and says so", async (_, args, message) => {
    const { code, stderr } = await userWith(1).runHere([...args, "--cache-path", "redis://127.0.0.1:1"]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it.each([
    ["redis://user:secret@cache.example:6379", "the cache redis://cache.example:6379 is on another machine"],
    ["postgres://user:secret@db.example/app", "the cache postgres://db.example/app is on another machine"],
    ["redis://u:secret@127.0.0.1:1", "The cache redis://127.0.0.1:1 cannot be used: connect ECONNREFUSED 127.0.0.1:1"],
    [
      "postgres://u:secret@127.0.0.1:1/app",
      "The cache postgres://127.0.0.1:1/app cannot be used: connect ECONNREFUSED 127.0.0.1:1",
    ],
    ["redis://secret@host:port", "--cache-path: expected an address such as redis://host:6379"],
  ])("%s: nothing is sent", async (url, message) => {
    const server = await serve(() => chatAnswer());
    const { code, stderr } = await userWith(1).runHere(run(server, url));
    expect([code, server.ledger.length]).toEqual([2, 0]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("secret");
  });

  it("says what to install where @keyv/redis is missing", async () => {
    const hook = `export async function resolve(name, context, next) {
      if (name === "@keyv/redis") throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
      return next(name, context);
    }`;
    const register = `import { register } from "node:module"; register("data:text/javascript,${encodeURIComponent(hook)}");`;
    const user = userWith(1);
    user.environment["NODE_OPTIONS"] = `--import data:text/javascript,${encodeURIComponent(register)}`;
    const { code, stderr } = await user.run(["run", "in.jsonl", "-p", "mock", "--cache-path", "redis://127.0.0.1:1/0"]);
    expect(code).toBe(2);
    expect(stderr).toContain("needs the package @keyv/redis, which is not installed: npm install @keyv/redis");
  });
});
