import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Account } from "../../../src/manager/money/account.ts";
import { Reservation } from "../../../src/manager/money/reservation.ts";
import type { Attempt } from "../../../src/model/attempt.ts";
import { noUsage } from "../../support/usage.ts";

/** Billionths of a dollar: what prices per million tokens come down to. */
const perDollar = 1_000_000_000;

interface Step {
  /** In billionths of a dollar. */
  readonly worst: number;
  /** Of the worst case. */
  readonly share: number;
  readonly outcome: "told" | "untold" | "partly told" | "rejected" | "unsent" | "sent again";
  /** How many others end before it. */
  readonly others: number;
}

const step = fc.record<Step>({
  worst: fc.integer({ min: 0, max: 5_000_000 }),
  share: fc.double({ min: 0.01, max: 1, noNaN: true }),
  outcome: fc.constantFrom("told", "untold", "partly told", "rejected", "unsent", "sent again"),
  others: fc.nat(4),
});

const untold: Attempt = { ok: false, failure: { kind: "timeout", message: "", retryable: true } };
const rejected: Attempt = { ok: false, failure: { kind: "server_error", message: "", retryable: true, statusCode: 500 } };

function answered(promptTokens: number): Attempt {
  return { ok: true, response: { statusCode: 200, requestId: "", body: "{}", usage: { ...noUsage, promptTokens } } };
}

describe("an account", () => {
  it("is never overdrawn, and counts each billionth of a dollar, in whatever order attempts begin and end", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 40_000_000 }), (steps, cap) => {
        const account = new Account(cap / perDollar, "costUsd", 1e12);
        const expected = { spent: 0, held: 0, reserved: 0 };
        const open: (() => void)[] = [];
        for (const { worst, share, outcome, others } of steps) {
          const most = { costUsd: worst / perDollar, tokens: 0 };
          const fits = expected.spent + expected.held + expected.reserved + worst <= cap;
          expect(account.fits(most)).toBe(fits);
          if (!fits) continue;
          const reservation = new Reservation([account], most, () => {});
          expected.reserved += worst;
          const real = Math.floor(worst * share);
          const usage = { ...noUsage, promptTokens: 1 };
          open.push(() => {
            const mayGoAgain = expected.spent + expected.held + expected.reserved + worst <= cap;
            const goesAgain = outcome === "sent again" && reservation.again();
            expect(goesAgain).toBe(outcome === "sent again" && mayGoAgain);
            if (goesAgain) expected.held += worst;
            expected.reserved -= worst;
            if (outcome === "unsent") return reservation.release();
            if (outcome === "rejected") return reservation.settle(rejected, undefined, null);
            if (outcome === "untold") {
              expected.held += worst;
              return reservation.settle(untold, undefined, null);
            }
            expected.spent += real;
            if (outcome !== "partly told") return reservation.settle(answered(1), usage, real / perDollar);
            expected.held += worst - real;
            reservation.settle({ ...untold, usage, isUsagePartial: true }, usage, real / perDollar);
          });
          for (let ended = 0; ended < others; ended += 1) open.shift()?.();
          const { spent, held, reserved } = account.status();
          expect(spent + held + reserved).toBeLessThanOrEqual((cap / perDollar) * (1 + Number.EPSILON * 4));
        }
        for (const end of open) end();
        const { spent, held, reserved } = account.status();
        const found = [spent, held, reserved].map((amount) => Math.round(amount * perDollar * 1000) / 1000);
        expect(found).toEqual([expected.spent, expected.held, expected.reserved]);
      }),
    );
  });

  it("has room for the tenth tenth", () => {
    const account = new Account(0.3, "costUsd", 1e12);
    for (let count = 1; count <= 10; count += 1) {
      expect(account.fits({ costUsd: 0.03, tokens: 0 }), `number ${count}`).toBe(true);
      account.reserve({ costUsd: 0.03, tokens: 0 });
    }
    expect(account.fits({ costUsd: 0.000_000_001, tokens: 0 })).toBe(false);
    expect(account.fits({ costUsd: 0, tokens: 0 })).toBe(true);
  });

  it.each([Infinity, 1e308, 1e300])("has no room for %d, which no whole number of units is", (costUsd) => {
    const account = new Account(1, "costUsd", 1e12);
    expect(account.isAboveCap({ costUsd, tokens: 0 })).toBe(true);
  });

  it("goes beyond its cap where an answer took more than its worst case, and has room for nothing then", () => {
    const account = new Account(100, "tokens", 1);
    const reservation = new Reservation([account], { costUsd: 0, tokens: 60 }, () => {});
    reservation.settle(answered(130), { ...noUsage, promptTokens: 130 }, null);
    expect(account.status()).toEqual({ cap: 100, spent: 130, held: 0, reserved: 0 });
    expect(account.fits({ costUsd: 0, tokens: 0 })).toBe(false);
  });
});
