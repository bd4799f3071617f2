import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { WaitingQueue, type WaitingRequest } from "../../../src/limiters/scheduler/waiting-queue.ts";
import type { Attempt } from "../../../src/model/attempt.ts";
import { answered, demandFor } from "../attempts.ts";

const ignore = (): void => {};

function waiting(signal: AbortSignal, tokens = 0, resolve: (attempt: Attempt) => void = ignore): WaitingRequest {
  return { ticket: tokens, demand: demandFor(tokens), task: async () => answered(), signal, resolve, reject: ignore };
}

test("first come, first served, also after the front was moved up", () => {
  const queue = new WaitingQueue(ignore);
  const { signal } = new AbortController();
  const left: number[] = [];
  let came = 0;
  for (let turn = 0; turn < 200; turn += 1) {
    for (let push = 0; push < (turn * 7) % 11; push += 1) queue.push(waiting(signal, came++));
    for (let shift = 0; shift < (turn * 5) % 9; shift += 1) {
      expect(queue.at(0)).toBe(queue.at(0));
      const request = queue.shift();
      if (request !== undefined) left.push(request.demand.candidates[0]?.cost.inputTokens ?? -1);
    }
    expect(queue.length).toBe(came - left.length);
  }
  for (let request = queue.shift(); request !== undefined; request = queue.shift())
    left.push(request.demand.candidates[0]?.cost.inputTokens ?? -1);
  expect(left).toEqual(Array.from({ length: came }, (_, index) => index));
  expect(queue.length).toBe(0);
});

test("those with lower tickets go before others, in the order in which they came", () => {
  const queue = new WaitingQueue(ignore);
  const { signal } = new AbortController();
  const demands = [1, 2, 3, 4].map((ticket) => waiting(signal, ticket));
  for (const request of demands) queue.push(request);
  queue.shift();
  const first = [waiting(signal, 0), waiting(signal, 0)];
  for (const request of first) queue.push(request);
  const left = Array.from({ length: 5 }, () => queue.shift());
  expect(left).toEqual([...first, ...demands.slice(1)]);
  left.forEach((request, index) => expect(request).toBe([...first, ...demands.slice(1)][index]));
});

test("requests that share a signal share one listener, and there is none when none waits", () => {
  const queue = new WaitingQueue(ignore);
  const { signal } = new AbortController();
  for (let count = 0; count < 50; count += 1) queue.push(waiting(signal));
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  for (let count = 0; count < 50; count += 1) queue.shift();
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("an abort takes out those of its signal, as cancelled, and leaves the others in order", () => {
  let aborts = 0;
  const queue = new WaitingQueue(() => (aborts += 1));
  const first = new AbortController();
  const second = new AbortController();
  const cancelled: (string | undefined)[] = [];
  const note = (attempt: Attempt): void => void cancelled.push(attempt.ok ? undefined : attempt.failure.kind);
  for (let count = 0; count < 6; count += 1) queue.push(waiting(count % 2 === 0 ? first.signal : second.signal, count, note));
  queue.shift();
  first.abort();
  expect(cancelled).toEqual(["cancelled", "cancelled"]);
  expect(aborts).toBe(1);
  expect([queue.shift(), queue.shift(), queue.shift()].map((request) => request?.demand.candidates[0]?.cost.inputTokens)).toEqual(
    [1, 3, 5],
  );
  expect(queue.length).toBe(0);
});
