import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  arbitraryObject,
  arbitraryStyle,
  arbitraryText,
  arbitraryTree,
  randomFrom,
  writeJson,
  writeString,
} from "../json/arbitrary-json.ts";
import type { ObjectTree } from "../json/arbitrary-json.ts";
import { requestOf } from "./parse-support.ts";

/** Keys that mean something to the parser; the properties add them where they want them. */
const known = new Set([
  "custom_id",
  "method",
  "url",
  "metadata",
  "body",
  "params",
  "messages",
  "input",
  "prompt",
  "system",
  "model",
  "stream",
]);
const otherMembers = arbitraryObject.map(({ members }) => members.filter(([key]) => !known.has(key)));

/** A body with everything a request needs, and any other members around it. */
const arbitraryBody: fc.Arbitrary<ObjectTree> = fc.tuple(otherMembers, arbitraryTree).map(([members, messages]) => ({
  members: members.concat([
    ["model", { string: "m" }],
    ["messages", messages],
  ]),
}));

const runs = { numRuns: 150 };

describe("what is sent is what was written, byte for byte", () => {
  test("from `body` and from `params`", () => {
    fc.assert(
      fc.property(
        arbitraryBody,
        arbitraryTree,
        arbitraryStyle,
        fc.constantFrom("body", "params"),
        (body, metadata, style, wrapper) => {
          const bodyText = writeJson(body, style).trim();
          const envelope = [
            `"custom_id": "a"`,
            `\t"metadata":${writeJson(metadata, style)}`,
            ` ${writeString(wrapper, randomFrom(style))} : ${bodyText} `,
          ];
          const request = requestOf(`{${shuffled(envelope, style).join(",")}}`);
          expect(request.body).toBe(bodyText);
          expect(request.metadata).toBe(writeJson(metadata, style).trim().replaceAll("\r", " "));
        },
      ),
      runs,
    );
  });

  test("from a line that is the body", () => {
    fc.assert(
      fc.property(arbitraryBody, arbitraryStyle, (body, style) => {
        const text = writeJson(body, style);
        expect(requestOf(text).body).toBe(text.trim());
      }),
      runs,
    );
  });

  test("from a line that is the body, but for our own keys in it", () => {
    fc.assert(
      fc.property(arbitraryBody, arbitraryStyle, (body, style) => {
        const sent = body.members.map((member) => writeMember(member, style));
        const own = [' "custom_id" : "a\\",b" ', '"url":"/v1/chat/completions"', '\t"metadata":{"a":[1,{"b":"}"}]}'];
        const mixed = shuffled([...sent, ...own], style);
        const expected = mixed.filter((member) => !own.includes(member));
        expect(requestOf(` {${mixed.join(",")}} `).body).toBe(`{${expected.join(",")}}`);
      }),
      runs,
    );
  });

  test("from the short form, but for prompt and system", () => {
    fc.assert(
      fc.property(otherMembers, arbitraryText, arbitraryText, arbitraryStyle, (members, prompt, system, style) => {
        const promptText = writeString(prompt, randomFrom(style));
        const systemText = writeString(system, randomFrom(style + 1));
        const others = [...members, ["model", { string: "m" }] as const].map((member) => writeMember(member, style));
        const mixed = shuffled([...others, `"prompt":${promptText}`, ` "system" : ${systemText} `], style);
        const messages = `"messages":[{"role":"system","content":${systemText}},{"role":"user","content":${promptText}}]`;
        const expected = mixed
          .filter((member) => !member.startsWith(' "system"'))
          .map((member) => (member.startsWith('"prompt"') ? messages : member));
        expect(requestOf(`{${mixed.join(",")}}`).body).toBe(`{${expected.join(",")}}`);
      }),
      runs,
    );
  });

  test("from a string", () => {
    fc.assert(
      fc.property(arbitraryText, arbitraryStyle, (prompt, style) => {
        const text = writeString(prompt, randomFrom(style));
        const { body } = requestOf(text, { defaultModel: "m" });
        expect(body).toBe(`{"model":"m","messages":[{"role":"user","content":${text}}]}`);
        expect(JSON.parse(body).messages[0].content).toBe(prompt);
      }),
      runs,
    );
  });

  test("behind the values for lines that name none", () => {
    fc.assert(
      fc.property(arbitraryBody, arbitraryStyle, (body, style) => {
        const text = writeJson(body, style).trim();
        const request = requestOf(`{"body":${text}}`, { defaultModel: "other", defaults: new Map([["x-added", '[1,"é"]']]) });
        expect(request.body).toBe(`{"x-added":[1,"é"],${text.slice(1)}`);
        expect(request.model).toBe("m");
      }),
      runs,
    );
  });
});

function writeMember([key, value]: ObjectTree["members"][number], style: number): string {
  const text = writeJson({ members: [[key, value]] }, style).trim();
  return text.slice(1, -1);
}

function shuffled(parts: readonly string[], style: number): string[] {
  const random = randomFrom(style);
  return parts
    .map((part) => ({ part, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ part }) => part);
}
