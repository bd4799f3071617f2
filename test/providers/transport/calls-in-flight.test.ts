import { getEventListeners } from "node:events";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CallsInFlight, type InFlightCall } from "../../../src/providers/transport/calls-in-flight.ts";

const ended: string[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  ended.length = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

/** A call that leaves the list when it ends, as the real ones do. */
class RecordedCall implements InFlightCall {
  deadline = 0;
  previous: InFlightCall | undefined;
  next: InFlightCall | undefined;
  readonly name: string;
  readonly signal: AbortSignal;
  readonly #calls: CallsInFlight;

  constructor(name: string, calls: CallsInFlight, signal: AbortSignal) {
    this.name = name;
    this.signal = signal;
    this.#calls = calls;
    calls.add(this);
  }

  timeOut(): void {
    ended.push(`${this.name} timed out`);
    this.#calls.remove(this);
  }

  cancel(): void {
    ended.push(`${this.name} cancelled`);
    this.#calls.remove(this);
  }

  finish(): void {
    this.#calls.remove(this);
  }
}

function start(name: string, calls: CallsInFlight, signal: AbortSignal): RecordedCall {
  return new RecordedCall(name, calls, signal);
}

describe("calls in flight", () => {
  it("end when their own time is up, not before", () => {
    const calls = new CallsInFlight(1000);
    const { signal } = new AbortController();
    start("a", calls, signal);
    vi.advanceTimersByTime(400);
    const b = start("b", calls, signal);
    vi.advanceTimersByTime(400);
    start("c", calls, signal);
    vi.advanceTimersByTime(199);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual(["a timed out"]);
    b.finish();
    vi.advanceTimersByTime(799);
    expect(ended).toEqual(["a timed out"]);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual(["a timed out", "c timed out"]);
  });

  it("do not take one another along when they started a moment apart", () => {
    const calls = new CallsInFlight(1000);
    const { signal } = new AbortController();
    start("a", calls, signal);
    vi.advanceTimersByTime(2);
    start("b", calls, signal);
    vi.advanceTimersByTime(998);
    expect(ended).toEqual(["a timed out"]);
    vi.advanceTimersByTime(2);
    expect(ended).toEqual(["a timed out", "b timed out"]);
  });

  it("need one timer, however many they are, and none once they have ended", () => {
    const calls = new CallsInFlight(1000);
    const { signal } = new AbortController();
    const started = Array.from({ length: 100 }, (_, index) => start(String(index), calls, signal));
    expect(vi.getTimerCount()).toBe(1);
    for (const call of started) call.finish();
    vi.advanceTimersByTime(1000);
    expect(vi.getTimerCount()).toBe(0);
    expect(ended).toEqual([]);
    const late = start("late", calls, signal);
    vi.advanceTimersByTime(1000);
    expect(ended).toEqual([`${late.name} timed out`]);
  });

  it("may have more time than a timer can count", () => {
    const monthMs = 30 * 24 * 3_600_000;
    const calls = new CallsInFlight(monthMs);
    start("a", calls, new AbortController().signal);
    vi.advanceTimersByTime(monthMs - 1);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual(["a timed out"]);
  });

  it("are cancelled by their own signal only", () => {
    const calls = new CallsInFlight(1000);
    const [one, two] = [new AbortController(), new AbortController()];
    for (const name of ["a", "b"]) start(name, calls, one.signal);
    const c = start("c", calls, two.signal);
    start("d", calls, one.signal);
    one.abort();
    expect(ended).toEqual(["a cancelled", "b cancelled", "d cancelled"]);
    c.finish();
    two.abort();
    expect(ended).toHaveLength(3);
    expect([one, two].flatMap(({ signal }) => getEventListeners(signal, "abort"))).toEqual([]);
  });

  it("time out oldest first, whatever ended in between", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ waitMs: fc.nat(600), finishes: fc.option(fc.nat(20), { nil: undefined }) })), (steps) => {
        ended.length = 0;
        const calls = new CallsInFlight(1000);
        const { signal } = new AbortController();
        const open = new Map<number, { call: RecordedCall; startedAt: number }>();
        const expected: string[] = [];
        const expire = (): void => {
          for (const [index, { startedAt }] of open) {
            if (performance.now() - startedAt < 1000) continue;
            expected.push(`${index} timed out`);
            open.delete(index);
          }
        };
        for (const [index, { waitMs, finishes }] of steps.entries()) {
          open.set(index, { call: start(String(index), calls, signal), startedAt: performance.now() });
          vi.advanceTimersByTime(waitMs);
          expire();
          if (finishes !== undefined) open.get(finishes)?.call.finish();
          if (finishes !== undefined) open.delete(finishes);
        }
        vi.advanceTimersByTime(1000);
        expire();
        expect(ended).toEqual(expected);
      }),
    );
  });
});
