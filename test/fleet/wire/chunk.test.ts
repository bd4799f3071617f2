import * as fc from "fast-check";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type NamedLine, packChunk, readJob, unpackLines } from "../../../src/fleet/wire/chunk.ts";
import { fleetProtocol } from "../../../src/fleet/wire/protocol.ts";
import { noSeal } from "../../../src/fleet/wire/seal.ts";
import { others, sealed, seals } from "./seals.ts";

const about = { run: "0123456789abcdef", chunk: "7", settings: { limits: [] } };

const text = fc.string({ unit: "grapheme", maxLength: 40 });
const anyLine: fc.Arbitrary<NamedLine> = fc.record({
  field: text,
  id: text,
  request: fc.record(
    {
      kind: fc.constant("request" as const),
      lineNumber: fc.integer({ min: 1 }),
      customId: text,
      path: fc.constant("/v1/chat/completions"),
      model: text,
      provider: text,
      body: fc.json({ stringUnit: "grapheme" }),
      maxOutputTokens: fc.nat(),
      headers: fc.dictionary(fc.constantFrom("anthropic-version", "x-a"), text),
    },
    { requiredKeys: ["kind", "lineNumber", "customId", "path", "model", "body"] },
  ),
});

/** What a worker has of a line: its name of the run is its own. */
function asUnpacked({ field, id, request }: NamedLine): object {
  return { field, request: { ...request, id, occurrence: 0 } };
}

function lineOf(body: string): NamedLine {
  const request = { kind: "request", lineNumber: 1, customId: "a" } as const;
  return { field: "1", id: "batch_req_1", request: { ...request, path: "/v1/chat/completions", model: "m", body } };
}

describe.each(seals)("a chunk, %s", (_, seal) => {
  it("brings each line as it was, byte for byte, through Redis' JSON", () => {
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 8 }), (lines) => {
        const job = readJob(JSON.parse(JSON.stringify(packChunk(about, lines, seal))));
        expect(job).toMatchObject({ ...about, size: lines.length });
        expect(unpackLines(job, seal)).toEqual(lines.map(asUnpacked));
      }),
      { numRuns: 40 },
    );
  });

  it("brings limits with and without a model and a burst", () => {
    const limits = [
      { unit: "requests", amount: 500, periodMs: 60_000 },
      { unit: "tokens", amount: 0.5, periodMs: 1_000, burst: 20, model: "m" },
    ] as const;
    const job = packChunk({ ...about, settings: { limits } }, [], seal);
    expect(readJob(JSON.parse(JSON.stringify(job))).settings).toEqual({ limits });
  });

  it("leaves at the coordinator what only the output needs", () => {
    const line = lineOf("{}");
    const job = packChunk(about, [{ ...line, request: { ...line.request, metadata: '"mine"' } }], seal);
    expect(unpackLines(job, seal)).toEqual([asUnpacked(line)]);
  });
});

describe("a chunk that is not understood", () => {
  const job = packChunk(about, [lineOf('"hello"')], sealed);

  const unpack = (content: string): unknown => unpackLines({ ...job, payload: noSeal.close(gzipSync(content)) }, noSeal);

  it("cannot be read with another secret, or with none", () => {
    for (const seal of [...others, noSeal]) expect(() => unpackLines(job, seal)).toThrow(Error);
  });

  it("is not read when one bit of it is another", () => {
    const bytes = Buffer.from(job.payload, "base64");
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(() => unpackLines({ ...job, payload: changed.toString("base64") }, sealed)).toThrow(Error);
      }),
    );
  });

  it.each([
    ["of another protocol", { ...job, protocol: fleetProtocol + 1 }],
    ["without a payload", { ...job, payload: undefined }],
    ["with a limit that is none", { ...job, settings: { limits: [{ unit: "requests", amount: 0, periodMs: 1 }] } }],
    ["that is none", "text"],
  ])("is refused: one %s", (_, data) => {
    expect(() => readJob(data)).toThrow(Error);
  });

  it("may be empty, but not hold something else, or fewer bodies than lines", () => {
    const row = [1, "id", "a", "/v1/chat/completions", "m"];
    expect(unpack("[]")).toEqual([]);
    expect(unpack(`${JSON.stringify([row])}\n{}`)).toHaveLength(1);
    for (const content of ["", "text", '[[1,"id"]]\n{}', '[["1","id","a","/","m"]]\n{}', JSON.stringify([row])])
      expect(() => unpack(content)).toThrow(Error);
    expect(() => unpackLines({ ...job, payload: "" }, noSeal)).toThrow(Error);
  });
});
