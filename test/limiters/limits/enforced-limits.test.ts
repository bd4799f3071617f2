import { expect, test } from "vitest";
import { answered } from "../attempts.ts";
import { EnforcedLimit, SimulatedServer } from "../simulated-server.ts";
import { stopTime } from "../stopped-time.ts";

stopTime();

test.each([
  { rpm: 600, perSecond: 10 },
  { rpm: 6_000, perSecond: 100 },
  { rpm: 30_000, perSecond: 500 },
  { tpm: 120_000, perSecond: 50 },
  { rpm: 6_000, tpm: 120_000, perSecond: 50 },
])(
  "a server with one second of burst rejects nothing, and its limit is used to the full: %j",
  async ({ perSecond, rpm, tpm }) => {
    const server = new SimulatedServer({
      limits: { requestsPerMinute: rpm, tokensPerMinute: tpm },
      requests: new EnforcedLimit(rpm),
      tokens: new EnforcedLimit(tpm),
      serve: () => answered(40),
    });
    await server.sendFor(2_000, 300);
    expect(server.rejected).toBe(0);
    expect(server.admitted).toBeGreaterThan(2 * perSecond * 0.9);
  },
);
