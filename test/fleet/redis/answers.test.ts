import { type Job, Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { AnswerStore } from "../../../src/fleet/redis/answers.ts";
import { FleetKeys } from "../../../src/fleet/redis/keys.ts";
import { noSeal } from "../../../src/fleet/wire/seal.ts";
import { noRedis, RedisServer } from "../../support/redis-server.ts";

const [run, chunk, jobId] = ["0123456789abcdef", "7", "c-0123456789abcdef-7"];

test.skipIf(noRedis !== undefined)("a worker hears whether its chunk is another's by now, or acknowledged", async () => {
  const { port } = await RedisServer.start();
  const keys = new FleetKeys("llmbatch", noSeal);
  const redis = new Redis(port, "127.0.0.1");
  onTestFinished(() => redis.disconnect());
  const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
  const queue = new Queue(keys.queue, { connection, prefix: keys.prefix });
  onTestFinished(() => queue.close());
  const store = new AnswerStore(redis, keys);

  /** As a worker that takes the chunk. */
  async function take(): Promise<{ job: Job; put: (answers: string) => Promise<string>; token: string }> {
    const worker = new Worker(keys.queue, null, { connection, prefix: keys.prefix });
    onTestFinished(() => worker.close());
    const token = `${worker.id}:0`;
    const job: Job = await worker.getNextJob(token);
    return { job, put: (answers) => store.put(jobId, worker.id, run, chunk, answers), token };
  }

  await queue.add("chunk", {}, { jobId });
  const first = await take();
  expect(await first.put("1")).toBe("kept");
  await first.job.moveToWait(first.token); // as when it was silent for too long
  expect(await first.put("2")).toBe("kept");
  const second = await take();
  expect(await first.put("3")).toBe("late");
  expect(await second.put("4")).toBe("kept");
  // What is paid for is kept in any case.
  expect(await store.all(run, chunk)).toEqual(["1", "2", "3", "4"]);
  await second.job.moveToCompleted(0, second.token, false);
  await queue.remove(jobId);
  await store.remove(run, [chunk]);
  for (const { put } of [first, second]) expect(await put("5")).toBe("no job");
  expect(await redis.keys("*:answers:*")).toEqual([]);
});
