import { beforeEach, describe, expect, test } from "vitest";
import { Circuit } from "../../src/limiters/circuit.ts";
import { isUnreachable } from "../../src/model/failure.ts";
import { answered, failed } from "./attempts.ts";

let nowMs = 0;
let states: string[] = [];
let circuit: Circuit;

beforeEach(() => {
  nowMs = 0;
  states = [];
  const onChange = (state: string, _reason: string, waitMs: number): void => void states.push(`${state} ${waitMs}`);
  circuit = new Circuit({ isCounted: isUnreachable, probeDelayMs: 1_000, maxProbeDelayMs: 5_000, clock: () => nowMs, onChange });
});

function fail(times: number): void {
  for (let count = 0; count < times; count += 1) circuit.observe(failed("network"));
}

describe("the circuit", () => {
  test("opens at the tenth failure to get through with no success among them", () => {
    fail(9);
    circuit.observe(answered());
    fail(9);
    expect(circuit.hold()).toBeUndefined();
    expect(circuit.observe(failed("network"))).toEqual({ forMs: 0, wasReached: true });
    expect(circuit.hold()).toEqual({ binding: "circuit", waitMs: 1_000 });
  });

  test.each([502, 503, 504, 520])("takes a gateway's %d for a server that is not there", (statusCode) => {
    for (let count = 0; count < 10; count += 1) circuit.observe(failed("server_error", { statusCode }));
    expect(circuit.isOpen).toBe(true);
  });

  test.each([
    ["server_error", 500],
    ["rate_limit", 429],
    ["overloaded", 503],
    ["invalid_request", 400],
  ] as const)("stays closed for %s (%d): somebody answered", (kind, statusCode) => {
    for (let count = 0; count < 50; count += 1) circuit.observe(failed(kind, { statusCode }));
    expect(circuit.isOpen).toBe(false);
  });

  test("lets one at a time try, each later than the last, and everyone once somebody gets through", () => {
    fail(10);
    for (const delayMs of [1_000, 2_000, 4_000, 5_000, 5_000]) {
      expect(circuit.hold()).toEqual({ binding: "circuit", waitMs: delayMs });
      nowMs += delayMs;
      expect(circuit.hold()).toBeUndefined();
      circuit.start();
      expect(circuit.hold()).toEqual({ binding: "circuit" });
      fail(1);
    }
    nowMs += 5_000;
    circuit.start();
    expect(circuit.observe(answered())).toBeUndefined();
    expect(circuit.hold()).toBeUndefined();
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
    expect(circuit.hold()).toEqual({ binding: "circuit", waitMs: 1_000 });
  });

  test("says how long the outage is, and whether anybody ever got through", () => {
    fail(10);
    nowMs += 700;
    expect(circuit.observe(failed("network"))).toEqual({ forMs: 700, wasReached: false });
  });

  test("closes for a late answer to somebody who started before it opened", () => {
    fail(10);
    circuit.observe(answered());
    expect(circuit.isOpen).toBe(false);
  });
});
