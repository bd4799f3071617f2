import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { delayed, errorAnswer, type ReceivedCall, type Reply } from "../support/scripted-server.ts";
import { answerTo, countEach, kill, questionOf, undisturbedOutput } from "../trials/commands.ts";
import { questions, Workplace } from "./cli.ts";
import { coordinate, lookInto, said, startQuickWorker, startWorker } from "./fleet.ts";

if (noRedis !== undefined) console.log(`skipped: ${noRedis}`);

/** Some lines fail, at once or after retries. */
function answer(call: ReceivedCall): Reply {
  const question = questionOf(call);
  if (question % 50 === 7) return errorAnswer(400, { message: "no such question" });
  return question % 50 === 11 ? errorAnswer(500) : answerTo(call);
}

const lines = questions(300);

function singleProcess(url: string): Promise<string> {
  return undisturbedOutput(
    ["run", "in.jsonl", "-o", "out.jsonl", "-q", "--base-url", `${url}/v1`, "--retry-delay", "0.001"],
    lines,
  );
}

describe.skipIf(noRedis !== undefined)("many machines", () => {
  it("give what one process gives, byte for byte, and leave nothing of the run in Redis", async () => {
    const [redis, server] = [await RedisServer.start(), await serve(answer)];
    const expected = await singleProcess(server.url);
    const before = server.ledger.length;
    const user = new Workplace();
    user.write("in.jsonl", lines);
    const workers = [startWorker(user, redis, server, "-c", "20"), startWorker(user, redis, server, "-c", "20")];
    // The coordinator needs no key.
    delete user.environment["OPENAI_API_KEY"];
    await Promise.all(workers.map((worker) => said(worker, "working for")));
    const { code, stderr } = await user.runHere(coordinate(redis, server));
    expect(code, stderr).toBe(1);
    expect(user.read("out.jsonl")).toBe(expected);
    const asked = server.ledger.slice(before);
    expect([...countEach(asked.map(questionOf)).values()].filter((count) => count > 1)).toHaveLength(6); // those with retries
    expect(asked.every(({ headers }) => headers["authorization"] === "Bearer sk-test-0123456789")).toBe(true);
    const left = await lookInto(redis).keys("*");
    expect(
      left.filter((key) => !/:(?:workers(?::until)?|chunks-\d+:(?:meta|events|id|stalled-check|marker))$/.test(key)),
    ).toEqual([]);
    workers[0]?.kill("SIGTERM");
    expect(await once(workers[0]!, "exit")).toEqual([0, null]);
  });

  it("go on when a worker is killed, and pay again only for what was in flight", async () => {
    const [redis, server] = [await RedisServer.start(), await serve((call) => delayed(20, answerTo(call)))];
    const user = new Workplace();
    user.write("in.jsonl", lines);
    const [first] = [await startQuickWorker(user, redis, server), await startQuickWorker(user, redis, server)];
    const run = user.run(coordinate(redis, server));
    await server.until(() => server.ledger.length > 60);
    await kill(first, "SIGKILL");
    const { code, stderr } = await run;
    expect(code, stderr).toBe(0);
    expect(user.lines("out.jsonl").map(({ custom_id: id }) => id)).toEqual(lines.map(({ custom_id: id }) => id));
    expect(server.ledger.length - lines.length).toBeLessThanOrEqual(2 * 8);
  });
});
