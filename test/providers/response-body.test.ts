import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BodyChunks, bodyText, decodeBody } from "../../src/providers/response-body.ts";

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

  it("take little more memory than their bytes when a server sends them one by one", () => {
    const body = new BodyChunks();
    const source = Buffer.alloc(1);
    for (let at = 0; at < 300_000; at += 1) body.add(source);
    expect(body.join()).toHaveLength(300_000);
  });

  it("are copied: what the client does with its buffer later does not matter", () => {
    const body = new BodyChunks();
    const buffer = Buffer.from("a");
    body.add(Buffer.from("x"));
    body.add(buffer);
    buffer.write("b");
    expect(body.join().toString()).toBe("xa");
  });
});

describe("text of a body", () => {
  it("loses a byte order mark and nothing else", () => {
    expect(bodyText(Buffer.from("\ufeff{}"))).toBe("{}");
    expect(bodyText(Buffer.from("{}\ufeff"))).toBe("{}\ufeff");
    expect(bodyText(Buffer.alloc(0))).toBe("");
  });

  it("is decoded from a cut gzip stream with an error, not with half an answer", async () => {
    const half = gzipSync("x".repeat(1000)).subarray(0, 20);
    const error = await new Promise<Error | null>((resolve) => decodeBody("gzip", half, resolve));
    expect(error).toMatchObject({ code: "Z_BUF_ERROR" });
  });
});
