import { expect, it } from "vitest";
import { Recall } from "../../src/manager/recall.ts";
import type { Answer } from "../../src/model/attempt.ts";
import { deferred } from "../support/deferred.ts";

type Found = readonly (Answer | undefined)[];

/** Look-ups that end when they are told to, and what was handed out meanwhile. */
class Recorder {
  readonly lookUps: { readonly keys: readonly string[]; readonly ended: ReturnType<typeof deferred<Found>> }[] = [];
  readonly handedOut: string[] = [];
  readonly failed: string[] = [];
  unreadable = "none";
  readonly recall = new Recall<string>({
    getMany: (keys) => {
      const ended = deferred<Found>();
      this.lookUps.push({ keys, ended });
      return keys.includes(this.unreadable) ? Promise.reject(new Error("unreadable")) : ended.promise;
    },
    keyOf: (item) => item,
    onRecalled: (item) => this.handedOut.push(item),
    onFailed: (item) => this.failed.push(item),
    onGroupEnd: () => undefined,
  });

  add(from: number, to: number): void {
    for (let n = from; n < to; n += 1) this.recall.add(String(n));
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

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, n) => String(from + n));
}

it("looks up in one group what comes in one burst", async () => {
  const recorder = new Recorder();
  recorder.add(0, 100);
  expect(recorder.sizes).toEqual([]);
  await nextTurn();
  expect(recorder.sizes).toEqual([100]);
  await recorder.end(0);
  expect(recorder.handedOut).toEqual(numbers(0, 100));
});

it("looks up full groups at once, two at a time, and what is left when nothing else is looked up", async () => {
  const recorder = new Recorder();
  recorder.add(0, 1600);
  expect(recorder.sizes).toEqual([512, 512]);
  await nextTurn();
  expect(recorder.sizes).toEqual([512, 512]);
  await recorder.end(0);
  expect(recorder.sizes).toEqual([512, 512, 512]);
  await recorder.end(1);
  expect(recorder.sizes).toEqual([512, 512, 512]);
  await recorder.end(2);
  expect(recorder.sizes).toEqual([512, 512, 512, 64]);
  await recorder.end(3);
  expect(recorder.handedOut).toEqual(numbers(0, 1600));
});

it("hands out answers in the order of their requests, whichever group was found first", async () => {
  const recorder = new Recorder();
  recorder.add(0, 1024);
  await recorder.end(1);
  expect(recorder.handedOut).toEqual([]);
  await recorder.end(0);
  expect(recorder.handedOut).toEqual(numbers(0, 1024));
});

it("asks again for what a store did not read at once", async () => {
  const recorder = new Recorder();
  recorder.add(0, 10);
  await nextTurn();
  await recorder.end(0, 4);
  expect(recorder.lookUps[1]?.keys).toEqual(numbers(4, 10));
  await recorder.end(1);
  expect(recorder.handedOut).toEqual(numbers(0, 10));
});

it("fails those that could not be looked up, and goes on with the next", async () => {
  const recorder = new Recorder();
  recorder.unreadable = "7";
  recorder.add(0, 600);
  await nextTurn();
  expect(recorder.failed).toEqual(numbers(0, 512));
  await recorder.end(1);
  expect(recorder.handedOut).toEqual(numbers(512, 600));
});
