import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BodyChunks, bodyText } from "../../../src/providers/transport/body-chunks.ts";

describe("body chunks", () => {
  it("are joined in order, whatever their sizes", () => {
    const chunk = fc.oneof(
      fc.uint8Array(),
      fc.integer({ min: 60_000, max: 140_000 }).map((size) => new Uint8Array(size).fill(size)),
    );
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 8 }), (chunks) => {
        const body = new BodyChunks();
        for (const bytes of chunks) body.add(Buffer.from(bytes));
        expect(body.join().equals(Buffer.concat(chunks))).toBe(true);
      }),
    );
  });
});

describe("text of a body", () => {
  it("loses a byte order mark and nothing else", () => {
    expect(bodyText(Buffer.from("\ufeff{}"))).toBe("{}");
    expect(bodyText(Buffer.from("{}\ufeff"))).toBe("{}\ufeff");
    expect(bodyText(Buffer.alloc(0))).toBe("");
  });
});
