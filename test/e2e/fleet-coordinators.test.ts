import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { delayed } from "../support/scripted-server.ts";
import { answerTo, kill } from "../trials/commands.ts";
import { questions, Workplace } from "./cli.ts";
import { coordinate, lookInto, said, startQuickWorker } from "./fleet.ts";

const lines = questions(300);

describe.skipIf(noRedis !== undefined)("coordinators", () => {
  it("go on with the same command when the coordinator is killed", async () => {
    const [redis, server] = [await RedisServer.start(), await serve((call) => delayed(10, answerTo(call)))];
    const user = new Workplace();
    user.write("in.jsonl", lines);
    await startQuickWorker(user, redis, server);
    const coordinator = user.start(coordinate(redis, server), { stdio: "ignore" });
    await server.until(() => server.ledger.length > 100);
    await kill(coordinator, "SIGKILL");
    const again = user.start(coordinate(redis, server), { stdio: ["ignore", "ignore", "pipe"] });
    await said(again, "waiting up to 20 s in case it has died");
    const [lease = ""] = await lookInto(redis).keys("*:lease:*");
    await lookInto(redis).pexpire(lease, 1); // as when its 15 s are over
    expect(await once(again, "exit")).toEqual([0, null]);
    expect(user.lines("out.jsonl").map(({ custom_id: id }) => id)).toEqual(lines.map(({ custom_id: id }) => id));
    expect(server.ledger).toHaveLength(lines.length);
    expect(await lookInto(redis).keys("*:answers:*")).toEqual([]);
  });

  it("have one coordinator, who says when there are no workers", async () => {
    const [redis, server] = [await RedisServer.start(), await serve()];
    const user = new Workplace();
    user.write("in.jsonl", lines);
    const first = user.start(coordinate(redis, server), { stdio: ["ignore", "ignore", "pipe"] });
    await expect.poll(() => lookInto(redis).keys("*:lease:*")).toHaveLength(1);
    // On another machine the lock of the output is not seen.
    const elsewhere = new Workplace();
    const there = elsewhere.runHere([
      "run",
      user.path("in.jsonl"),
      ...coordinate(redis, server, "-o", user.path("out.jsonl")).slice(2),
    ]);
    await said(first, "no workers");
    const { code, stderr } = await there;
    expect(code).toBe(2);
    expect(stderr).toContain("another llmbatch run with the same input and the same output is under way");
    user.environment["FLEET_SECRET"] = "correct horse";
    const worker = await user.runHere([
      "worker",
      "--queue",
      redis.url,
      "--provider",
      "mock",
      "--queue-secret-env",
      "FLEET_SECRET",
    ]);
    expect(worker.code).toBe(2);
    expect(worker.stderr).toContain("has no secret, and this one has: give --queue-secret-env to both or to none");
    await kill(first, "SIGINT");
    expect(first.exitCode).toBe(130);
  });
});
