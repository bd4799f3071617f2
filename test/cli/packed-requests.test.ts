import * as fc from "fast-check";
import { expect, it } from "vitest";
import { packRequests, unpackRequests } from "../../src/cli/packed-requests.ts";

it("packs requests without losing or adding a member", () => {
  const request = fc.record(
    {
      kind: fc.constant("request" as const),
      lineNumber: fc.nat(),
      customId: fc.string(),
      path: fc.string(),
      model: fc.string(),
      body: fc.string(),
      provider: fc.string(),
      maxOutputTokens: fc.nat(),
      metadata: fc.string(),
      fingerprint: fc.string(),
    },
    { requiredKeys: ["kind", "lineNumber", "customId", "path", "model", "body"], noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(request), (requests) => {
      expect(unpackRequests(structuredClone(packRequests(requests)))).toStrictEqual(requests);
    }),
  );
});
