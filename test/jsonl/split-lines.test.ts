import { hash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxLineBytes, splitLines } from "../../src/jsonl/split-lines.ts";
import type { Line } from "../../src/jsonl/split-lines.ts";

function split(...chunks: (string | Uint8Array)[]): Promise<Line[]> {
  return splitKnowing(new Set(), chunks);
}

async function splitKnowing(tooLong: ReadonlySet<number>, chunks: readonly (string | Uint8Array)[]): Promise<Line[]> {
  async function* source(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  }
  const lines: Line[] = [];
  for await (const group of splitLines(source(), tooLong)) lines.push(...group);
  return lines;
}

const sha256 = (bytes: Uint8Array): string => hash("sha256", bytes, "hex");

describe("lines", () => {
  test("are the same however the bytes were cut into chunks", async () => {
    const piece = fc.constantFrom(
      "\n",
      "\r\n",
      "\r",
      " ",
      "\t",
      "a",
      "{}",
      "é",
      "日本",
      "😀",
      "\u2028",
      "\u2029",
      "\u0085",
      "\0",
      "\uFEFF",
    );
    const cuts = fc.array(fc.nat({ max: 40 }));
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), cuts, async (pieces, lengths) => {
        const text = pieces.join("");
        expect(await split(...cutUp(Buffer.from(text), lengths))).toEqual(splitAtOnce(text));
      }),
      { numRuns: 400 },
    );
  });

  test("keep their numbers past blank lines", async () => {
    expect(await split("\n \t\n1\n\r\n\n2")).toEqual([
      { lineNumber: 3, text: "1" },
      { lineNumber: 6, text: "2" },
    ]);
  });

  test("end with LF or CRLF and with nothing else that editors take for a line end", async () => {
    const text = "a\rb\u2028c\u2029d\u0085e\vf\fg";
    expect(await split(`${text}\r\n${text}\n`)).toEqual([
      { lineNumber: 1, text },
      { lineNumber: 2, text },
    ]);
  });

  test("lose byte order marks before them, also where files were joined, and none within", async () => {
    expect(
      await split("\uFEFFa\n\uFEFF\uFEFFb\n", "c\uFEFF\n", Uint8Array.of(0xef, 0xbb), Uint8Array.of(0xbf, 0x0a), "\uFEFFd"),
    ).toEqual([
      { lineNumber: 1, text: "a" },
      { lineNumber: 2, text: "b" },
      { lineNumber: 3, text: "c\uFEFF" },
      { lineNumber: 5, text: "d" },
    ]);
  });

  test("come as soon as their chunk completes them", async () => {
    const chunks = ["a\nb", "c", "\nd\ne\n", "\n"];
    async function* source(): AsyncGenerator<Uint8Array> {
      for (const chunk of chunks) yield Buffer.from(chunk);
    }
    const groups: string[][] = [];
    for await (const group of splitLines(source())) groups.push(group.map(({ text }) => text));
    expect(groups).toEqual([["a"], ["bc", "d", "e"]]);
  });

  test("of an empty input are none", async () => {
    expect(await split()).toEqual([]);
    expect(await split("", "\n", "")).toEqual([]);
  });
});

describe("bytes that are not UTF-8", () => {
  test("are reported on their line, and the lines around it are whole", async () => {
    const broken = Buffer.from([0x22, 0xff, 0x22]);
    expect(await split(Buffer.concat([Buffer.from("é\n"), broken, Buffer.from("\r\n日本\n")]))).toEqual([
      { lineNumber: 1, text: "é" },
      { lineNumber: 2, problem: "invalid-utf8", text: '"\uFFFD"', digest: sha256(broken) },
      { lineNumber: 3, text: "日本" },
    ]);
  });

  test.each([
    ["a sequence cut short by the end of the file", [0x61, 0xe6, 0x97]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["Latin-1", [0x63, 0x61, 0x66, 0xe9]],
    ["UTF-16 with its mark", [0xff, 0xfe, 0x7b, 0x00]],
  ])("%s is never replaced silently", async (_, bytes) => {
    expect(await split(Uint8Array.from(bytes))).toMatchObject([{ lineNumber: 1, problem: "invalid-utf8" }]);
  });

  test("are not confused with a U+FFFD that the user wrote", async () => {
    expect(await split("\uFFFD\n")).toEqual([{ lineNumber: 1, text: "\uFFFD" }]);
  });
});

describe("a line at the limit", () => {
  const longest = Buffer.alloc(maxLineBytes, "x");
  const tooLong = Buffer.alloc(maxLineBytes + 1, "x");

  test("of 64 MiB is read, one byte more is too long", async () => {
    const chunkBytes = 10_000_019;
    const bytes = Buffer.concat([longest, Buffer.from("\n"), tooLong, Buffer.from("\n3\n")]);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
    const [first, ...others] = await split(...chunks);
    expect(first?.text.length).toBe(maxLineBytes);
    expect(others).toEqual([
      { lineNumber: 2, problem: "too-long", text: "", digest: sha256(tooLong) },
      { lineNumber: 3, text: "3" },
    ]);
  });

  test("leaves nothing behind for the lines after it", async () => {
    expect(await split(tooLong, "x", "\nsec", "ond\n")).toMatchObject([
      { lineNumber: 1, problem: "too-long", digest: sha256(Buffer.concat([tooLong, Buffer.from("x")])) },
      { lineNumber: 2, text: "second" },
    ]);
  });

  test("is not held again when it was found too long before, and is reported in the same way", async () => {
    const chunks = ["a\nbb", "bb", "b\nc"];
    expect(await splitKnowing(new Set([2]), chunks)).toEqual([
      { lineNumber: 1, text: "a" },
      { lineNumber: 2, problem: "too-long", text: "", digest: sha256(Buffer.from("bbbbb")) },
      { lineNumber: 3, text: "c" },
    ]);
  });

  test("is reported also when the file ends with it", async () => {
    expect(await split(tooLong)).toMatchObject([{ lineNumber: 1, problem: "too-long" }]);
  });
});

describe("the source", () => {
  test("is closed when the reader stops early", async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.from("a\n");
      } finally {
        closed = true;
      }
    }
    for await (const group of splitLines(source())) if (group.length > 0) break;
    expect(closed).toBe(true);
  });

  test("passes its errors on", async () => {
    await expect(async () => {
      for await (const group of splitLines(failingSource())) expect(group).toHaveLength(1);
    }).rejects.toThrow("EIO");
  });
});

function cutUp(bytes: Buffer, lengths: number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const length of lengths) chunks.push(bytes.subarray(at, (at += length)));
  return [...chunks, bytes.subarray(at)];
}

/** The same rules, written for a text that is all there. */
function splitAtOnce(text: string): Line[] {
  return text
    .split("\n")
    .map((line, index) => ({ lineNumber: index + 1, text: line.replace(/^\uFEFF+/, "").replace(/\r$/, "") }))
    .filter((line) => /[^ \t\r]/.test(line.text));
}

async function* failingSource(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("a\n");
  throw new Error("EIO");
}
