import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { noUsage } from "../../support/usage.ts";
import { ResultQueue } from "../../../src/manager/queues/result-queue.ts";
import { failedResult, succeededResult } from "../../../src/manager/results.ts";
import type { BatchResult } from "../../../src/model/result.ts";

function resultOf(lineNumber: number, body = `{"n":${lineNumber}}`): BatchResult {
  const customId = `request-${lineNumber}`;
  const path = "/v1/chat/completions";
  const request = { kind: "request", lineNumber, customId, path, model: "m", body: "", metadata: '{"a":"\\n"}' } as const;
  const line = { id: `id-${lineNumber}`, index: lineNumber - 1, request };
  const failure = { kind: "network", message: "line\nbreak", retryable: true } as const;
  if (lineNumber % 5 === 0) return failedResult(line, { failure }, 6);
  return succeededResult(line, { statusCode: 200, requestId: "r", body, usage: noUsage }, "asked", 1);
}

/** Puts so many of 1,400 bytes into a queue that cannot write to the disk, behind a head that is there or not. */
function fill(count: number, hasHead: boolean): void {
  const queue = new ResultQueue({ inOrder: true, memoryBytes: 10_000, spoolDirectory: "/nowhere/to/write" });
  const head = queue.enter();
  if (hasHead) queue.fill(head, resultOf(1));
  for (let number = 0; number < count; number += 1) queue.fill(queue.enter(), resultOf(2, "x".repeat(1_000)));
}

async function drain(queue: ResultQueue): Promise<BatchResult[]> {
  const results: BatchResult[] = [];
  for await (const group of queue.leave()) results.push(...group);
  queue.close();
  return results;
}

describe.each([
  ["kept in memory", 1e9],
  ["spilled to disk", 0],
  ["in both places", 3_000],
])("results that wait are %s", (_, memoryBytes) => {
  it("and leave in the order of their requests, however they came", async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...Array(40).keys()], { minLength: 40 }), async (arrival) => {
        const queue = new ResultQueue({ inOrder: true, memoryBytes });
        while (queue.enter() < arrival.length - 1);
        const drained = drain(queue);
        for (const index of arrival) {
          queue.fill(index, resultOf(index + 1));
          if (index % 7 === 0) await Promise.resolve();
        }
        queue.end();
        expect(await drained).toEqual([...Array(40).keys()].map((index) => resultOf(index + 1)));
      }),
      { numRuns: 30 },
    );
  });

  it("and leave as they come when order does not matter", async () => {
    const queue = new ResultQueue({ inOrder: false, memoryBytes });
    const [first, second, third] = [queue.enter(), queue.enter(), queue.enter()];
    queue.fill(third, resultOf(3));
    queue.fill(first, resultOf(1));
    queue.fill(second, resultOf(2));
    queue.end();
    expect((await drain(queue)).map(({ lineNumber }) => lineNumber)).toEqual([3, 1, 2]);
  });
});

it("says that it is backed up only while results could leave and are not taken", async () => {
  const queue = new ResultQueue({ inOrder: true, memoryBytes: 100_000 });
  const [first, second] = [queue.enter(), queue.enter()];
  queue.fill(second, resultOf(2, "x".repeat(3_000)));
  expect(queue.isBackedUp, "the head is missing: waiting would never end").toBe(false);
  queue.fill(first, resultOf(1));
  expect(queue.isBackedUp).toBe(true);
  queue.end();
  await drain(queue);
  expect(queue.isBackedUp).toBe(false);
});

it("writes to the disk what is more than may wait in memory, whether an earlier result is missing or not", () => {
  for (const hasHead of [false, true]) {
    expect(() => fill(6, hasHead)).not.toThrow();
    expect(() => fill(8, hasHead)).toThrow("cannot be kept in /nowhere/to/write");
  }
});

it("ends without the results that never came", async () => {
  const queue = new ResultQueue({ inOrder: true, memoryBytes: 1e6 });
  queue.fill(queue.enter(), resultOf(1));
  queue.enter();
  queue.end();
  expect((await drain(queue)).map(({ lineNumber }) => lineNumber)).toEqual([1]);
});

it("keeps order over many more requests than leave at once, some of them late", async () => {
  const queue = new ResultQueue({ inOrder: true, memoryBytes: 50_000 });
  const drained = drain(queue);
  const lines = 10_000;
  const indexes: number[] = [];
  // A result comes 500 turns after its request entered, now and then 2,500.
  for (let turn = 0; turn < lines + 2_500; turn += 1) {
    if (turn < lines) indexes.push(queue.enter());
    const due = [turn - 500, turn - 2_500].filter((index, late) => index >= 0 && index < lines && isLate(index) === late > 0);
    for (const index of due) queue.fill(indexes[index] ?? 0, resultOf(index + 1));
    if (turn % 50 === 0) await new Promise(setImmediate);
  }
  queue.end();
  expect((await drained).map(({ lineNumber }) => lineNumber)).toEqual(Array.from({ length: lines }, (_, index) => index + 1));
});

function isLate(index: number): boolean {
  return index % 3_000 === 700;
}
