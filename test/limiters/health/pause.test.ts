import { beforeEach, describe, expect, test } from "vitest";
import { Pause } from "../../../src/limiters/health/pause.ts";
import type { Attempt } from "../../../src/model/attempt.ts";
import { answered, failed } from "../attempts.ts";

let nowMs = 0;
let random = 0.5;
/** Of each episode, how long the pause was when it began. */
let episodesMs: number[] = [];
let pause: Pause;

beforeEach(() => {
  nowMs = 5_000;
  random = 0.5;
  episodesMs = [];
  pause = new Pause({ clock: () => nowMs, random: () => random });
});

function observe(attempt: Attempt, episode: number): void {
  if (pause.observe(attempt, episode)) episodesMs.push(pause.leftMs);
}

describe("Pause", () => {
  test("lasts as long as the server asked, from when it is called out", () => {
    observe(failed("rate_limit", { retryAfterMs: 2_500, message: "Slow down." }), pause.episode);
    expect(episodesMs).toEqual([2_500]);
    nowMs += 2_499;
    expect(pause.leftMs).toBe(1);
    nowMs += 1;
    expect(pause.leftMs).toBe(0);
  });

  test.each(["overloaded", "rate_limit"] as const)("begins when a server rejects with %s", (kind) => {
    observe(failed(kind, { retryAfterMs: 700 }), pause.episode);
    expect(pause.leftMs).toBe(700);
  });

  test("does not begin for one rejection among successes, which says nothing of the others", () => {
    for (let round = 0; round < 20; round += 1) {
      observe(failed("overloaded"), pause.episode);
      observe(failed("overloaded"), pause.episode);
      observe(answered(), pause.episode);
    }
    expect(episodesMs).toEqual([]);
  });

  test("begins with the third rejection in a row, though the server does not say for how long", () => {
    for (const expectedMs of [0, 0, 500]) {
      observe(failed("overloaded"), pause.episode);
      expect(pause.leftMs).toBe(expectedMs);
    }
    expect(episodesMs).toHaveLength(1);
  });

  test("does not begin for a failure that concerns one request, or that waiting cannot help", () => {
    for (const kind of ["server_error", "network", "timeout", "invalid_request"] as const)
      observe(failed(kind, { retryAfterMs: 1_000 }), pause.episode);
    observe(failed("rate_limit", { retryable: false }), pause.episode);
    observe(answered(), pause.episode);
    expect(pause.leftMs).toBe(0);
    expect(episodesMs).toEqual([]);
  });

  test("is called out once, not once for each of the hundred requests that were under way", () => {
    const before = pause.episode;
    observe(failed("rate_limit", { retryAfterMs: 1_000 }), before);
    nowMs += 900;
    for (let straggler = 0; straggler < 99; straggler += 1) observe(failed("rate_limit"), before);
    expect(episodesMs).toHaveLength(1);
    expect(pause.leftMs).toBe(100);
  });

  test("obeys a straggler whose server asks for longer than at first, and is not drawn out by those that ask for the same", () => {
    const before = pause.episode;
    observe(failed("rate_limit", { retryAfterMs: 1_000 }), before);
    observe(failed("rate_limit", { retryAfterMs: 400 }), before);
    expect(pause.leftMs).toBe(1_000);
    nowMs += 500;
    observe(failed("rate_limit", { retryAfterMs: 1_000 }), before);
    expect(pause.leftMs).toBe(500);
    observe(failed("rate_limit", { retryAfterMs: 9_000 }), before);
    expect(pause.leftMs).toBe(9_000);
    expect(episodesMs).toHaveLength(1);
  });

  test("is not cut short by a rejection that asks for less than a straggler did", () => {
    observe(failed("rate_limit", { retryAfterMs: 100 }), 0);
    nowMs += 200;
    const after = pause.episode;
    observe(failed("rate_limit", { retryAfterMs: 9_000 }), 0);
    observe(failed("rate_limit", { retryAfterMs: 50 }), after);
    expect(pause.leftMs).toBe(9_000);
  });

  test("doubles from 1 to 60 seconds while rejections go on, with full jitter", () => {
    random = 1;
    const pausesMs: number[] = [];
    rejectTwice();
    for (let rejection = 0; rejection < 9; rejection += 1) {
      observe(failed("rate_limit"), pause.episode);
      pausesMs.push(pause.leftMs);
      nowMs += pause.leftMs;
    }
    expect(pausesMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    random = 0.1;
    observe(failed("rate_limit"), pause.episode);
    expect(pause.leftMs).toBe(6_000);
  });

  test("starts small again after a success of a request that started after it, not of one from before", () => {
    const before = pause.episode;
    rejectTwice();
    for (let rejection = 0; rejection < 3; rejection += 1) {
      observe(failed("rate_limit"), pause.episode);
      nowMs += pause.leftMs;
    }
    observe(answered(), before);
    rejectTwice();
    observe(failed("rate_limit"), pause.episode);
    expect(pause.leftMs).toBe(4_000);
    nowMs += pause.leftMs;
    observe(answered(), pause.episode);
    rejectTwice();
    observe(failed("rate_limit"), pause.episode);
    expect(pause.leftMs).toBe(500);
  });

  test("backs off when a server rejects and says to come back at once", () => {
    rejectTwice();
    observe(failed("rate_limit", { retryAfterMs: 0 }), pause.episode);
    expect(pause.leftMs).toBe(500);
  });
});

/** Without a time: not yet enough for a pause. */
function rejectTwice(): void {
  observe(failed("rate_limit"), pause.episode);
  observe(failed("rate_limit"), pause.episode);
}
