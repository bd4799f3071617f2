import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FileKind, maxHeadBytes, recogniseFile } from "../../../src/cli/input/file-kind.ts";

const line = JSON.stringify({ custom_id: "r-1", body: { model: "m", messages: [{ role: "user", content: "hello\n[{" }] } });
const pretty = (value: unknown): string => JSON.stringify(value, null, 2);

function kindOf(content: string | Buffer, isWhole = true): string {
  const kind: FileKind = recogniseFile(Buffer.from(content), isWhole);
  return typeof kind === "string" ? kind : kind.what;
}

describe("a file is no JSON Lines", () => {
  it.each<[string, string | Buffer]>([
    ["one JSON array", `[${line},${line}]`],
    ["one JSON array", `\uFEFF[\n${line},\n${line}\n]\n`],
    ["one JSON array", pretty([JSON.parse(line)])],
    ["one JSON array", pretty(["one", "two"])],
    ["one JSON array", "[]"],
    ["JSON that is laid out on many lines", pretty(JSON.parse(line))],
    ["JSON that is laid out on many lines", `\n${pretty(JSON.parse(line))}\n${pretty(JSON.parse(line))}\n`],
    ["JSON that was written as JSON twice", `${JSON.stringify(line)}\n${JSON.stringify(line)}\n`],
    ["CSV", "custom_id,prompt\nr-1,hello\nr-2,world\n"],
    ["CSV", '"id";"prompt"\r\n1;"a; ""b"""\r\n'],
    ["CSV", "id\tprompt\n1\thello\n"],
    ["plain text", "What is a tram?\nAnd where was the first one, please?\n"],
    ["plain text", "hello"],
    ["UTF-16", Buffer.from(`\uFEFF${line}`, "utf16le")],
    ["UTF-16", Buffer.from(line, "utf16le")],
    ["UTF-16", Buffer.from(`\uFEFF${line}`, "utf16le").swap16()],
    ["packed by zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0])],
    ["packed by xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0])],
    ["packed by bzip2", Buffer.from("BZh91AY")],
    ["a zip archive", Buffer.from("PK\x03\x04\x14")],
    ["gzip", gzipSync(line)],
    ["binary", Buffer.from("SQLite format 3\0\x10\0\x01\x01\0")],
  ])("but %s", (kind, content) => {
    expect(kindOf(content)).toBe(kind);
  });

  it("also when it is longer than what is looked at", () => {
    const lines = Array.from({ length: 2_000 }, () => line);
    expect(kindOf(`[${lines.join(",")}]`, false)).toBe("one JSON array");
    expect(kindOf(pretty(lines.map((each): unknown => JSON.parse(each))), false)).toBe("one JSON array");
    expect(kindOf(pretty({ all: lines }), false)).toBe("JSON that is laid out on many lines");
    expect(kindOf("id,prompt\n1,漢字漢字\n".repeat(5_000), false)).toBe("CSV");
    expect(kindOf("漢字\n".repeat(20_000), false)).toBe("plain text");
  });
});

describe("a file is taken for JSON Lines", () => {
  it.each([
    ["a bad line first", `nonsense\n${line}\n`],
    ["a line that was cut off first", `${line.slice(0, 50)}\n${line}\n`],
    ["a line that was cut off, and nothing else", line.slice(0, 50)],
    ["a bracket first", `[\n${line}\n${line}\n`],
    ["an array first", `[1]\n${line}\n`],
    ["arrays only", "[1]\n[2]\n"],
    ["a line of deep nesting first", `${"[".repeat(100_000)}\n${line}\n`],
    ["a number first", `42\n${line}\n`],
    ["single quotes", "{'prompt':'x'}\n{'prompt':'y'}\n"],
    ["prompts", '"prompt"\n"What, please, is {\\"a\\":1}?"\n'],
    ["a prompt that is JSON, and no request", '"{\\"a\\":1}"\n'],
    ["a long line", `{"prompt":"${"x".repeat(maxHeadBytes)}"}`],
  ])("that has %s", (_, content) => {
    expect(kindOf(content)).toBe("lines");
  });

  it("once its first line is there, whatever follows; before that, nothing is said", () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }).map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(json, fc.uint8Array({ maxLength: 200 }), fc.boolean(), (first, rest, isWhole) => {
        expect(kindOf(Buffer.concat([Buffer.from(`${first}\n`), rest]), isWhole)).toBe("lines");
        const bytes = Buffer.from(first);
        const kinds = Array.from({ length: bytes.length + 1 }, (_, length) => kindOf(bytes.subarray(0, length), false));
        expect(new Set(kinds)).toEqual(new Set(["more"]));
      }),
      { numRuns: 200 },
    );
  });

  it("never holds a pipe back that has brought a line that is JSON", () => {
    for (const bad of ["nonsense", "{", "[1", "{'a'", "# comment", '"a", "b"'])
      expect(kindOf(`${bad}\n${line}\n`, false)).toBe("lines");
  });
});
