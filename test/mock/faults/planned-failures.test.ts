import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/mock/chance.ts";
import { PlannedFailures } from "../../../src/mock/faults/planned-failures.ts";

const digests = Array.from({ length: 20_000 }, (_, at) => digestOf(0, "/chat/completions", `body ${at}`));

describe("PlannedFailures", () => {
  it("fails the share it was asked for, a third of each kind, of first attempts and of later ones", () => {
    const failures = new PlannedFailures(0.3);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const counts = new Map<number, number>();
      for (const digest of digests) {
        const status = failures.next(digest)?.statusCode ?? 200;
        counts.set(status, (counts.get(status) ?? 0) + 1);
      }
      expect([...counts.keys()].toSorted()).toEqual([200, 429, 500, 503]);
      for (const status of [429, 500, 503]) expect(Math.abs((counts.get(status) ?? 0) - 2000)).toBeLessThan(200); // > 4 sigma
    }
  });

  it("plans the same for a body whatever the order of the others", () => {
    const some = digests.slice(0, 300);
    expect(outcomes([...some, ...some, ...some])).toEqual(
      outcomes(some.toReversed().flatMap((digest) => [digest, digest, digest])),
    );
  });

  it("gives every retry a chance of its own", () => {
    const failures = new PlannedFailures(0.5);
    for (const digest of digests.slice(0, 1000)) {
      const attempts = Array.from({ length: 40 }, () => failures.next(digest));
      expect(attempts).toContain(undefined);
    }
  });

  it("never fails at 0 and always at 1", () => {
    const [never, always] = [new PlannedFailures(0), new PlannedFailures(1)];
    for (const digest of digests.slice(0, 1000)) {
      expect(never.next(digest)).toBeUndefined();
      expect(always.next(digest)).toBeDefined();
    }
  });

  it("asks a throttled client to come back soon", () => {
    const always = new PlannedFailures(1);
    const throttled = digests.map((digest) => always.next(digest)).find((reply) => reply?.statusCode === 429);
    expect(Number(throttled?.headers?.["retry-after-ms"])).toBeLessThan(1000);
  });
});

/** What becomes of each attempt, by digest. */
function outcomes(order: readonly string[]): Record<string, (number | undefined)[]> {
  const failures = new PlannedFailures(0.5);
  const seen: Record<string, (number | undefined)[]> = {};
  for (const digest of order) (seen[digest] ??= []).push(failures.next(digest)?.statusCode);
  return seen;
}
