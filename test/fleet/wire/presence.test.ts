import { describe, expect, it } from "vitest";
import { mismatchWith, type Presence, readRuns, readWorkers } from "../../../src/fleet/wire/presence.ts";
import { fleetProtocol } from "../../../src/fleet/wire/protocol.ts";
import { noSeal } from "../../../src/fleet/wire/seal.ts";
import { others, sealed } from "./seals.ts";

function presenceOf(seal: typeof noSeal, protocol: number = fleetProtocol): Presence {
  return { protocol, check: seal.check ?? null, version: "9.0.0", name: "elsewhere:1" };
}

describe("what members say of themselves", () => {
  const own = presenceOf(noSeal);

  it("is read where it is understood, and else passed over", () => {
    const worker = { ...own, concurrency: 100, inFlight: 3 };
    const run = { ...own, run: "0123456789abcdef", isStopping: false };
    const texts = [worker, run, { ...worker, concurrency: "many" }, "text", null].map((value) => JSON.stringify(value));
    expect(readWorkers([...texts, "{", ""])).toEqual([worker]);
    expect(readRuns([...texts, "{", ""])).toEqual([run]);
  });

  it("is read of other versions, too, which may say more", () => {
    const later = { ...own, protocol: fleetProtocol + 1, concurrency: 1, inFlight: 0 };
    expect(readWorkers([JSON.stringify({ ...later, mood: "good" })])).toEqual([later]);
  });
});

describe("two members", () => {
  it("work together with the same protocol and the same secret, or none", () => {
    expect(mismatchWith("the run", presenceOf(noSeal), noSeal)).toBeUndefined();
    expect(mismatchWith("the run", presenceOf(sealed), sealed)).toBeUndefined();
  });

  it("of other protocols do not, whatever their secrets", () => {
    for (const seal of [noSeal, sealed])
      expect(mismatchWith("the run", presenceOf(seal, fleetProtocol + 1), noSeal)).toContain(
        `the run elsewhere:1 is of llmbatch 9.0.0, which speaks protocol ${fleetProtocol + 1}, and this one ${fleetProtocol}`,
      );
  });

  it("are told which of them lacks the secret, or that they are two", () => {
    expect(mismatchWith("the worker", presenceOf(noSeal), sealed)).toContain("has no secret, and this one has");
    expect(mismatchWith("the worker", presenceOf(sealed), noSeal)).toContain(
      "hides its lines with a secret: give --queue-secret-env",
    );
    for (const other of others) expect(mismatchWith("the worker", presenceOf(sealed), other)).toContain("has another secret");
  });

  it("do not tell their secrets to Redis", () => {
    expect(sealed.check).toMatch(/^[0-9a-f]{12}$/);
    expect(new Set([sealed, ...others].map(({ check }) => check)).size).toBe(3);
  });
});
