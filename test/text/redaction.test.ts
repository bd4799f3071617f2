import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRedact } from "../../src/text/redaction.ts";
import { listSecrets } from "../../src/providers/request-headers.ts";
import { anyCharacter } from "./any-character.ts";

const keys = [
  "sk-proj-abcDEF123_456-789",
  "sk-ant-api03-AAAA-bbbb_CCCC",
  "AIzaSyA-1234567890abcdefghijklmnopqrstu",
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
  'quote"in"side',
  `both'kinds"of<quotes>`,
  "back\\slash\\key",
  "slash/plus+equals==",
  "per%cent&amper<less>",
  "with space inside",
  "0123456789abcdef0123456789abcdef",
  "dollar$1^caret.*[x](y){z}|?",
  "hunter2",
];

const disguises: readonly (readonly [string, (key: string) => string])[] = [
  ["as it is", (key) => key],
  ["in JSON", (key) => JSON.stringify(key).slice(1, -1)],
  ["in JSON in JSON", (key) => JSON.stringify(JSON.stringify(key).slice(1, -1)).slice(1, -1)],
  ["in JSON with \\/", (key) => JSON.stringify(key).slice(1, -1).replaceAll("/", "\\/")],
  ["in a URL", encodeURIComponent],
  ["in a form", (key) => new URLSearchParams({ key }).toString().slice(4)],
  ["in the JSON that Go writes", goJson],
  ["in a URL, in lower case", (key) => encodeURIComponent(key).replaceAll(/%../g, (part) => part.toLowerCase())],
  ["in a URL in a URL", (key) => encodeURIComponent(encodeURIComponent(key))],
  ["in HTML, as Python writes it", (key) => html(key).replaceAll('"', "&quot;").replaceAll("'", "&#x27;")],
  ["in HTML, double quotes only", (key) => html(key).replaceAll('"', "&quot;")],
  ["in HTML, as text", html],
  ["in HTML, as PHP writes it", (key) => html(key).replaceAll('"', "&quot;").replaceAll("'", "&#039;")],
  ["in HTML, as Go writes it", (key) => html(key).replaceAll('"', "&#34;").replaceAll("'", "&#39;")],
  ["in JSON in a URL", (key) => encodeURIComponent(JSON.stringify(key).slice(1, -1))],
  ["in a URL in JSON", (key) => JSON.stringify(encodeURIComponent(key)).slice(1, -1)],
  ["in JSON, every character escaped", everyCharacterEscaped],
  ["in JSON, as .NET writes it", (key) => dotnetJson(key)],
  ["in JSON in JSON, as .NET writes it", (key) => JSON.stringify(dotnetJson(key)).slice(1, -1)],
  ["in base64", (key) => Buffer.from(key).toString("base64")],
  ["in base64url", (key) => Buffer.from(key).toString("base64url")],
];

function html(key: string): string {
  return key.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function goJson(key: string): string {
  return JSON.stringify(key).slice(1, -1).replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026");
}

function json(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function everyCharacterEscaped(text: string): string {
  return text
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

function dotnetJson(key: string): string {
  const escaped = key.replaceAll(/["&'+<>`]/g, (character) => everyCharacterEscaped(character).toUpperCase().replace("U", "u"));
  return escaped.replaceAll(/\\(?!u)/g, String.raw`\\`);
}

describe("redaction", () => {
  const cases = keys.flatMap((key) => disguises.map(([name, disguise]) => ({ key, name, text: disguise(key) })));

  it.each(cases)("finds $key $name", ({ key, text }) => {
    const clean = createRedact([key])(`before ${text} after, again ${text}`);
    expect(clean).toBe("before [redacted] after, again [redacted]");
  });

  it("finds the middle of a key in base64 of something longer, wherever it starts", () => {
    for (const before of ["", "a", "ab", "user:", "Bearer "]) {
      for (const after of ["", "x", "yz"]) {
        const text = Buffer.from(before + keys[0] + after).toString("base64");
        const clean = createRedact([keys[0] ?? ""])(text);
        expect(clean).toContain("[redacted]");
        const rest = clean.split("[redacted]").map((part) => Buffer.from(part, "base64").toString("latin1"));
        expect(rest.join("")).not.toContain("abcDEF");
      }
    }
  });

  it("leaves everything else as it is", () => {
    const redact = createRedact(keys);
    fc.assert(
      fc.property(fc.lorem(), (text) => {
        expect(redact(text)).toBe(text);
      }),
    );
    expect(createRedact([])("text")).toBe("text");
  });

  it("does not hide words that people give as a key where none is needed, nor keys too short to tell from words", () => {
    const redact = createRedact(["ollama", "EMPTY", "none", "x", ""]);
    expect(redact("ollama: EMPTY none x")).toBe("ollama: EMPTY none x");
  });

  it("hides a key that holds another one whole", () => {
    expect(createRedact(["abcd", "abcd-efgh"])("abcd-efgh")).toBe("[redacted]");
  });

  it("leaves JSON that another writer escaped as JSON, with the key in none of its strings", () => {
    const key = "Kq9+zTw7/Lm41R==";
    const redact = createRedact([key]);
    const text = fc.array(fc.oneof(fc.string({ unit: anyCharacter }), fc.constant(key))).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.array(fc.boolean(), { minLength: 1 }))), (texts) => {
        const written = texts.map(([part, isEscaped]) =>
          [...part].map((character, at) => (isEscaped[at % isEscaped.length] ? everyCharacterEscaped : json)(character)).join(""),
        );
        const clean: string[] = JSON.parse(redact(`[${written.map((string) => `"${string}"`).join()}]`));
        expect(clean).toEqual(texts.map(([part]) => part.replaceAll(key, "[redacted]")));
      }),
    );
  });

  it("finds a key with a backslash before a character that is escaped: it was taken for a part of the escape", () => {
    const redact = createRedact(["back\\slash"]);
    expect(redact(String.raw`{"a":"back\\\u0073lash","b":"\\\u0020"}`)).toBe(String.raw`{"a":"[redacted]","b":"\\ "}`);
  });

  it("hides a key before the text is cut: no half of one remains, wherever it stood", () => {
    const key = "sk-proj-0123456789abcdefghijklmnopqrstuv";
    const redact = createRedact([key]);
    const spelling = fc.constantFrom(key, everyCharacterEscaped(key), encodeURIComponent(key), JSON.stringify(key).slice(1, -1));
    const pieces = fc.array(fc.oneof(spelling, fc.string({ maxLength: 300 })), { maxLength: 40 });
    fc.assert(
      fc.property(pieces, fc.integer({ min: 0, max: 400 }), (parts, maxLength) => {
        const clean = redact(parts.join(""), maxLength);
        expect(clean.length).toBeLessThanOrEqual(maxLength + 1);
        for (const beginning of [key.slice(0, 10), everyCharacterEscaped(key).slice(0, 30)])
          expect(clean).not.toContain(beginning);
      }),
    );
    expect(redact("0123456789", 4)).toBe("0123…");
    expect(createRedact([])("0123456789", 4)).toBe("0123…");
    expect(redact("x".repeat(10_000), 4)).toBe("xxxx…");
  });

  it("takes time in proportion to the text, however it was made up", () => {
    const redact = createRedact(["sk-secret-\\\\\\key"]);
    for (const part of ["\\", "%25", "&#0", "sk-secret-"]) redact(part.repeat(200_000));
    expect(redact("\\".repeat(100))).toHaveLength(100);
  });
});

describe("what is secret among the headers", () => {
  it("is the key, and what the user adds, with and without a scheme, but for names that are public", () => {
    const headers = {
      "X-Api-Key": "one1",
      Authorization: "Bearer two22",
      cookie: "three",
      "x-title": "My app",
      "anthropic-version": "2023-06-01",
      "X-Auth": "four",
      "x-other": "basic dXNlcg==",
    };
    expect(listSecrets("key0", headers)).toEqual([
      "key0",
      "one1",
      "one1",
      "Bearer two22",
      "two22",
      "three",
      "three",
      "four",
      "four",
      "basic dXNlcg==",
      "dXNlcg==",
    ]);
  });

  it("is each value in the base URL's query, as it stands there and decoded, but for a version", () => {
    expect(listSecrets(undefined, {}, "?api-version=2024-10-21&code=ab+c%3D&sig=five")).toEqual([
      "ab+c%3D",
      "ab c=",
      "five",
      "five",
    ]);
  });
});
