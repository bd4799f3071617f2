import { beforeEach, describe, expect, test } from "vitest";
import { Circuit } from "../../../src/limiters/health/circuit.ts";
import type { Attempt } from "../../../src/model/attempt.ts";
import { isUnreachable, type Outage } from "../../../src/model/failure.ts";
import { answered, failed } from "../attempts.ts";

let nowMs = 0;
let states: string[] = [];
let circuit: Circuit;

beforeEach(() => {
  nowMs = 0;
  states = [];
  const onChange = (state: string, _reason: string, waitMs: number): void => void states.push(`${state} ${waitMs}`);
  circuit = new Circuit({ isCounted: isUnreachable, probeDelayMs: 1_000, maxProbeDelayMs: 5_000, clock: () => nowMs, onChange });
});

/** @returns the outage that the attempt belongs to. */
function observe(attempt: Attempt): Outage | undefined {
  circuit.ended({ attempt });
  return circuit.outageOf(attempt);
}

function fail(times: number): void {
  for (let count = 0; count < times; count += 1) observe(failed("network"));
}

describe("the circuit", () => {
  test("opens at the tenth failure to get through with no success among them", () => {
    fail(9);
    observe(answered());
    fail(9);
    expect(circuit.blockedBy()).toBeUndefined();
    expect(observe(failed("network"))).toEqual({ forMs: 0, wasReached: true });
    expect(circuit.blockedBy()).toEqual({ reason: "circuit", waitMs: 1_000 });
  });

  test.each([502, 503, 504, 520])("takes a gateway's %d for a server that is not there", (statusCode) => {
    for (let count = 0; count < 10; count += 1) observe(failed("server_error", { statusCode }));
    expect(circuit.isOpen).toBe(true);
  });

  test.each([
    ["server_error", 500],
    ["rate_limit", 429],
    ["overloaded", 503],
    ["invalid_request", 400],
  ] as const)("stays closed for %s (%d): the server answered", (kind, statusCode) => {
    for (let count = 0; count < 50; count += 1) observe(failed(kind, { statusCode }));
    expect(circuit.isOpen).toBe(false);
  });

  test("does not open for what this machine lacks", () => {
    for (let failure = 0; failure < 50; failure += 1) circuit.ended({ attempt: failed("network", { isLocal: true }) });
    expect(circuit.isOpen).toBe(false);
  });

  test("lets one at a time try, each later than the last, and all once one gets through", () => {
    fail(10);
    for (const delayMs of [1_000, 2_000, 4_000, 5_000, 5_000]) {
      expect(circuit.blockedBy()).toEqual({ reason: "circuit", waitMs: delayMs });
      nowMs += delayMs;
      expect(circuit.blockedBy()).toBeUndefined();
      circuit.started();
      expect(circuit.blockedBy()).toEqual({ reason: "circuit" });
      fail(1);
    }
    nowMs += 5_000;
    circuit.started();
    expect(observe(answered())).toBeUndefined();
    expect(circuit.blockedBy()).toBeUndefined();
    expect(states).toEqual([
      "open 1000",
      "probe 0",
      "open 2000",
      "probe 0",
      "open 4000",
      "probe 0",
      "open 5000",
      "probe 0",
      "open 5000",
      "probe 0",
      "open 5000",
      "probe 0",
      "closed 0",
    ]);
  });

  test("is not drawn out by the hundred that were under way when it opened", () => {
    fail(110);
    expect(states).toEqual(["open 1000"]);
    expect(circuit.blockedBy()).toEqual({ reason: "circuit", waitMs: 1_000 });
  });

  test("says how long the outage is, and whether any request ever got through", () => {
    fail(10);
    nowMs += 700;
    expect(observe(failed("network"))).toEqual({ forMs: 700, wasReached: false });
  });

  test("closes for a late answer to a request that started before it opened", () => {
    fail(10);
    observe(answered());
    expect(circuit.isOpen).toBe(false);
  });
});
