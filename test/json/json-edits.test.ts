import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editJson, type JsonEdit } from "../../src/json/json-edits.ts";
import { arbitraryObject, arbitraryStyle, arbitraryTree, type Tree, writeJson } from "./arbitrary-json.ts";

const value = (keys: JsonEdit["keys"], text: string): JsonEdit => ({ keys, replaces: "value", text });

/** Longer than any text of the arbitrary values, so that it stands in theirs once. */
const marker = "1234567890e-99";

describe("edits of JSON text", () => {
  it("reach through objects and arrays, and leave white space and spelling alone", () => {
    const text = ' { "a" : [ 1.0 ,{"\\u0062":"x" } , [ ] ], "c":{ "d" :[ "," , "]" ] } } ';
    const edits = [value(["a", 1, "b"], "7"), value(["c", "d", 1], '"new"'), value(["a", 2], "null")];
    expect(editJson(text, edits)).toBe(' { "a" : [ 1.0 ,{"\\u0062":7 } ,null], "c":{ "d" :[ "," ,"new"] } } ');
  });

  it("put members, and several of them, in the place of one", () => {
    const text = '{"source":{ "type":"url", "url":"x" , "more":1}}';
    const edits: JsonEdit[] = [
      value(["source", "type"], '"base64"'),
      { keys: ["source", "url"], replaces: "member", text: '"data":"y","media_type":"z"' },
    ];
    expect(editJson(text, edits)).toBe('{"source":{ "type":"base64", "data":"y","media_type":"z" , "more":1}}');
  });

  it("mean the last of keys that stand twice, as JSON.parse does", () => {
    const text = '{"a":{"b":1},"__proto__":2,"a":{"b":3,"b":4}}';
    expect(editJson(text, [value(["a", "b"], "5")])).toBe('{"a":{"b":1},"__proto__":2,"a":{"b":3,"b":5}}');
  });

  it("change nothing where their way leads nowhere", () => {
    const text = '{"a":[1,"s"],"b":"[{"}';
    const edits = [["c"], ["a", 2], ["a", 0, "x"], ["b", 0], ["a", "0"]].map((keys) => value(keys, "9"));
    expect(editJson(text, edits)).toBe(text);
  });

  it("change one value of any text and nothing else", () => {
    fc.assert(
      fc.property(arbitraryTree, arbitraryObject, arbitraryStyle, fc.nat({ max: 4 }), (before, { members }, style, place) => {
        const unique = members.filter(([key]) => key !== "here");
        const at = Math.min(place, unique.length);
        const around = (inside: Tree): Tree => [before, { members: unique.toSpliced(at, 0, ["here", inside]) }, before];
        const text = writeJson(around({ scalar: marker }), style);
        expect(editJson(text, [value([1, "here"], '"new"')])).toBe(text.replace(marker, '"new"'));
      }),
    );
  });
});
