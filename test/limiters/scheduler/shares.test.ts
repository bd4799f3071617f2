import { expect, test, vi } from "vitest";
import { answered, failed } from "../attempts.ts";
import { stopTime } from "../stopped-time.ts";
import { asker, Askers, fairness } from "./askers.ts";

stopTime();

const limits = [{ unit: "tokens", amount: 600_000, periodMs: 60_000 } as const];
const names = ["a", "b", "c", "d"] as const;

test.each(["live", "batch"] as const)(
  "clients of the %s band get equal tokens while all wait, whatever they send",
  async (band) => {
    const askers = new Askers({ limits });
    // One sends ten times as much, one sends requests twenty times as long.
    void askers.send(asker(band, "e"), { tokens: 9_000 }); // what a full bucket holds, so that all others wait
    for (let count = 0; count < 500; count += 1) void askers.send(asker(band, "a"), { tokens: 100 });
    for (let count = 0; count < 25; count += 1) void askers.send(asker(band, "b"), { tokens: 2_000 });
    for (const name of ["c", "d"])
      for (let count = 0; count < 120; count += 1) void askers.send(asker(band, name), { tokens: 100 });
    await vi.advanceTimersByTimeAsync(4_000);
    const shares = names.map((name) => askers.tokensOf(name));
    expect(fairness(shares)).toBeGreaterThan(0.95);
    expect(shares.reduce((sum, share) => sum + share)).toBeGreaterThan(35_000);
    await vi.runAllTimersAsync();
    expect(askers.started).toHaveLength(766);
  },
);

test("shares go by weight", async () => {
  const askers = new Askers({ limits });
  void askers.send(asker("live", "e"), { tokens: 9_000 });
  for (let count = 0; count < 400; count += 1)
    for (const name of ["a", "b"]) void askers.send(asker("live", name, name === "a" ? 3 : 1));
  await vi.advanceTimersByTimeAsync(4_000);
  expect(askers.tokensOf("a") / askers.tokensOf("b")).toBeCloseTo(3, 1);
  await vi.runAllTimersAsync();
});

test("they go by what was used, where that is known, and what failed without work costs nothing", async () => {
  const limitsOfRequests = [{ unit: "requests", amount: 600, periodMs: 60_000 } as const];
  const askers = new Askers({ limits: limitsOfRequests });
  for (let count = 0; count < 200; count += 1) {
    void askers.send(asker("live", "a"), { attempt: answered(400) });
    void askers.send(asker("live", "b"), { attempt: answered(100) });
  }
  await vi.advanceTimersByTimeAsync(20_000);
  const counts = ["a", "b"].map((name) => askers.started.filter(({ asker: { client } }) => client === name).length);
  expect((counts[1] ?? 0) / (counts[0] ?? 0)).toBeCloseTo(4, 0);
  await vi.runAllTimersAsync();

  const failing = new Askers({ limits: limitsOfRequests });
  for (let count = 0; count < 40; count += 1) {
    void failing.send(asker("live", "a"), { attempt: failed("server_error") });
    void failing.send(asker("live", "b"));
  }
  await vi.advanceTimersByTimeAsync(1_500);
  expect(failing.clients).toMatch(/a{8,}/);
  await vi.runAllTimersAsync();
});

test("one that did not wait has saved nothing up", async () => {
  const askers = new Askers({ limits });
  for (let count = 0; count < 400; count += 1) for (const name of ["a", "b"]) void askers.send(asker("live", name));
  await vi.advanceTimersByTimeAsync(2_000);
  const before = askers.started.length;
  for (let count = 0; count < 150; count += 1) void askers.send(asker("live", "c"));
  await vi.advanceTimersByTimeAsync(3_000);
  const later = askers.started.slice(before);
  const shares = ["a", "b", "c"].map((name) => later.filter(({ asker: { client } }) => client === name).length);
  expect(fairness(shares)).toBeGreaterThan(0.99);
  await vi.runAllTimersAsync();
});

test("a queue of one asker is first come, first served, before and after there were several", async () => {
  const askers = new Askers({ limits });
  const numbered = (from: number): void => {
    for (let number = from; number < from + 30; number += 1) void askers.send(asker("live", "a"), { tokens: 1_000 + number });
  };
  numbered(0);
  void askers.send(asker("live", "b"), { tokens: 5_000 });
  await vi.runAllTimersAsync();
  numbered(30);
  await vi.runAllTimersAsync();
  const own = askers.started.filter(({ asker: { client } }) => client === "a").map(({ tokens }) => tokens - 1_000);
  expect(own).toEqual(Array.from({ length: 60 }, (_, number) => number));
});
