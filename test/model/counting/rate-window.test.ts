import { array, assert, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { RateWindow } from "../../../src/model/counting/rate-window.ts";

describe("RateWindow", () => {
  it("sums what came in the last seconds, whenever it came and whenever it is asked", () => {
    const steps = array(record({ afterMs: integer({ min: 0, max: 90_000 }), amount: integer({ min: 1, max: 9 }) }), {
      maxLength: 80,
    });
    assert(
      property(steps, integer({ min: 1, max: 60 }), integer({ min: 0, max: 90_000 }), (added, seconds, laterMs) => {
        const window = new RateWindow();
        let elapsedMs = 0;
        const all = added.map(({ afterMs, amount }) => {
          elapsedMs += afterMs;
          window.add(amount, elapsedMs);
          return { second: Math.floor(elapsedMs / 1000), amount };
        });
        const now = elapsedMs + laterMs;
        const recent = all.filter(({ second }) => second > Math.floor(now / 1000) - seconds);
        expect(window.sum(seconds, now)).toBe(recent.reduce((sum, { amount }) => sum + amount, 0));
      }),
    );
  });

  it("tells a steady rate from the first second on, and keeps telling it", () => {
    const window = new RateWindow();
    const rates: number[] = [];
    for (let elapsedMs = 0; elapsedMs < 200_000; elapsedMs += 10) {
      window.add(1, elapsedMs);
      if (elapsedMs >= 1000) rates.push(window.perSecond(10, elapsedMs));
    }
    expect(Math.min(...rates)).toBeGreaterThan(99);
    expect(Math.max(...rates)).toBeLessThan(102);
  });

  it("forgets a burst after the window has passed", () => {
    const window = new RateWindow();
    window.add(50_000, 200);
    expect(window.perSecond(10, 5000)).toBe(10_000);
    expect(window.perSecond(10, 10_500)).toBe(0);
  });

  it("is 0, not infinite, at the very start", () => {
    const window = new RateWindow();
    window.add(1, 0);
    expect(window.perSecond(10, 0)).toBe(0);
  });
});
