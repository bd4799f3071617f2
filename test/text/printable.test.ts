import { assert, integer, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { printable } from "../../src/text/printable.ts";
import { anyCharacter } from "./any-character.ts";

const text = string({ unit: anyCharacter, maxLength: 60 });
const anyUnits = string({ unit: integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)), maxLength: 60 });

describe("printable", () => {
  it.each([
    ["a colour", "\u001b[31mred\u001b[0m", "\\u001b[31mred\\u001b[0m"],
    ["a window title", "\u001b]0;owned\u0007", "\\u001b]0;owned\\u0007"],
    ["an 8-bit control sequence", "\u009b2J", "\\u009b2J"],
    ["line breaks", "one\r\ntwo\u2028three\u2029", "one\\u000d\\u000atwo\\u2028three\\u2029"],
    ["tab, NUL, DEL", "\t\0\u007f", "\\u0009\\u0000\\u007f"],
    ["bidi overrides", "\u202eevil\u202c \u2066x\u2069 \u200e\u200f", "\\u202eevil\\u202c \\u2066x\\u2069 \\u200e\\u200f"],
    ["zero widths", "a\u200bb\u200dc\ufeffd\u2060\u2065", "a\\u200bb\\u200dc\\ufeffd\\u2060\\u2065"],
    ["invisible tag characters", "\u{e0041}", "\\udb40\\udc41"],
    ["lone surrogates", "\ud83d x \udc00", "\\ud83d x \\udc00"],
  ])("shows %s instead of obeying it", (_, dangerous, shown) => {
    expect(printable(dangerous)).toBe(shown);
  });

  it("leaves what people write alone", () => {
    const harmless = 'Größe "10 %" · 你好 · नमस्ते · 👋🏽 · C:\\temp';
    expect(printable(harmless)).toBe(harmless);
  });

  it("lets nothing through that a terminal would obey or hide, whatever comes", () => {
    assert(
      property(anyUnits, (dangerous) => {
        expect(Array.from(printable(dangerous)).filter(isDangerous)).toEqual([]);
      }),
    );
  });

  it("does not change the meaning of JSON", () => {
    assert(
      property(anyUnits, (value) => {
        expect(JSON.parse(printable(JSON.stringify({ value })))).toEqual({ value });
      }),
    );
  });

  it("cuts to the length asked for, between characters and between escapes", () => {
    assert(
      property(text, integer({ min: 1, max: 40 }), (long, maxLength) => {
        const whole = printable(long);
        const cut = printable(long, maxLength);
        expect(cut.length).toBeLessThanOrEqual(maxLength);
        const isCut = cut.endsWith("…") && whole.startsWith(cut.slice(0, -1)) && !loneSurrogate.test(cut);
        expect(whole.length > maxLength ? isCut : cut === whole).toBe(true);
      }),
    );
    expect(printable("ab\u001bcd", 8)).toBe("ab…");
    expect(printable("ab\u001bcd", 9)).toBe("ab\\u001b…");
    expect(printable("👋👋👋", 4)).toBe("👋…");
  });

  it("can be applied twice without harm", () => {
    assert(property(anyUnits, (value) => printable(printable(value)) === printable(value)));
  });
});

const loneSurrogate = /\p{Surrogate}/u;
const dangerousRanges = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x2069],
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
  [0xe0000, 0xe007f],
] as const;

function isDangerous(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return dangerousRanges.some(([first, last]) => first <= code && code <= last);
}
