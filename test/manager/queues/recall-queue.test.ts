import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { noUsage } from "../../support/usage.ts";
import type { CacheStore } from "../../../src/caches/caches.ts";
import { RecallQueue } from "../../../src/manager/queues/recall-queue.ts";
import type { ModelResponse } from "../../../src/model/attempt.ts";
import { deferred } from "../../support/deferred.ts";

const notSet: CacheStore = { get: async () => undefined, set: async () => undefined, close: async () => undefined };

/** Look-ups that end when they are told to, and what came of them. */
class Recorder {
  readonly lookUps: { readonly keys: readonly string[]; readonly ended: ReturnType<typeof deferred<undefined[]>> }[] = [];
  readonly recalled: string[] = [];
  readonly failed: string[] = [];
  unreadable = "none";
  room: Promise<void> = Promise.resolve();
  readonly #getMany = (keys: readonly string[]): Promise<undefined[]> => {
    const ended = deferred<undefined[]>();
    this.lookUps.push({ keys, ended });
    return keys.includes(this.unreadable) ? Promise.reject(new Error("unreadable")) : ended.promise;
  };
  readonly #queue = new RecallQueue({ ...notSet, getMany: this.#getMany }, () => this.room);

  add(from: number, to: number): void {
    for (const key of numbers(from, to))
      void this.#queue.recall(key).then(
        () => this.recalled.push(key),
        () => this.failed.push(key),
      );
  }

  get sizes(): number[] {
    return this.lookUps.map(({ keys }) => keys.length);
  }

  /** @param known How many of its first keys the n-th look-up says something of. */
  async end(n: number, known = 512): Promise<void> {
    const lookUp = this.lookUps[n];
    lookUp?.ended.resolve(lookUp.keys.slice(0, known).map(() => undefined));
    await nextTurn();
  }
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, n) => String(from + n));
}

it("looks up in one group what comes in one burst, and what comes meanwhile in the next, 512 at most", async () => {
  const recorder = new Recorder();
  recorder.add(0, 100);
  expect(recorder.sizes).toEqual([]);
  await nextTurn();
  recorder.add(100, 700);
  await recorder.end(0);
  await recorder.end(1);
  expect(recorder.sizes).toEqual([100, 512, 88]);
  await recorder.end(2);
  expect(recorder.recalled).toEqual(numbers(0, 700));
  recorder.add(700, 701);
  await nextTurn();
  expect(recorder.sizes).toEqual([100, 512, 88, 1]);
});

it("asks again for what a store did not read at once, when there is room for more answers", async () => {
  const recorder = new Recorder();
  recorder.add(0, 10);
  await nextTurn();
  const room = deferred<void>();
  recorder.room = room.promise;
  await recorder.end(0, 4);
  expect(recorder.recalled).toEqual(numbers(0, 4));
  expect(recorder.sizes).toEqual([10]);
  room.resolve();
  await nextTurn();
  expect(recorder.lookUps[1]?.keys).toEqual(numbers(4, 10));
});

it("fails those that could not be looked up, and goes on with the next", async () => {
  const recorder = new Recorder();
  recorder.unreadable = "7";
  recorder.add(0, 600);
  await nextTurn();
  await nextTurn();
  expect(recorder.failed).toEqual(numbers(0, 512));
  await recorder.end(1);
  expect(recorder.recalled).toEqual(numbers(512, 600));
});

describe("a store that reads one answer at a time", () => {
  it.each([
    ["of 12 MB, ever fewer", 12_000_000, [16, 1, 1]],
    ["of 1 MB, four", 1_000_000, [16, 4, 4]],
    ["of 500 bytes, ever more", 500, [16, 32, 64]],
    ["that it does not have, always the same number", undefined, [16, 16, 16]],
  ])("is asked for some at a time: %s", async (_, bytes, expected) => {
    const body = "x".repeat(bytes ?? 0);
    const answer: ModelResponse | undefined =
      bytes === undefined ? undefined : { statusCode: 200, requestId: "", body, usage: noUsage };
    const sizes: number[] = [0];
    const get = async (): Promise<ModelResponse | undefined> => {
      sizes.push((sizes.pop() ?? 0) + 1);
      return answer;
    };
    const queue = new RecallQueue({ ...notSet, get }, async () => void sizes.push(0));
    await Promise.all(numbers(0, 200).map((key) => queue.recall(key)));
    expect(sizes.slice(1, 4)).toEqual(expected);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(200);
  });
});
