import { describe, expect, it } from "vitest";
import { RequestParser } from "../../../src/jsonl/parse-requests.ts";

/** What is said of the lines of one file. */
function warningsOf(...lines: readonly string[]): string[] {
  const warnings: string[] = [];
  const parser = new RequestParser({ defaultModel: "m", onWarning: (warning) => warnings.push(warning) });
  lines.forEach((text, index) => parser.parse({ lineNumber: index + 1, text }));
  return warnings;
}

const once = "(said once; other lines may have others)";

describe("keys that do not do what their author may think are named in one warning", () => {
  it.each([
    '{"id":7,"prompt":"Hi","answer":"Ho","split":"train"}',
    '{"id":7,"messages":[],"answer":"Ho","split":"train"}',
    '{"id":7,"input":"Hi","answer":"Ho","split":"train"}',
  ])("columns of a data set in %s, which are sent", (line) => {
    expect(warningsOf(line, line)).toEqual([
      `line 1: sent to the API as parts of the body: "id", "answer", "split"; what belongs to the output only, put into \`metadata\` ${once}`,
    ]);
  });

  it.each(['{"system":"Be brief","messages":[]}', '{"body":{"system":"Be brief","messages":[]}}'])("`system` in %s", (line) => {
    expect(warningsOf('"Hi"', line)).toEqual([
      `line 2: "system" beside \`messages\` is sent as it is, and /v1/chat/completions does not know it: make it a message, or give the \`url\` "/v1/messages" ${once}`,
    ]);
  });

  it("several of them at once", () => {
    expect(warningsOf('{"system":"Be brief","messages":[],"id":1}')).toHaveLength(1);
  });

  it("parameters that no API takes with their values, which are sent", () => {
    expect(warningsOf('{"messages":[],"temperature":9,"n":0,"seed":-1}')).toEqual([
      "line 1: `temperature` is 9, and the API takes a number from 0 to 2: it is sent as it is; " +
        `\`n\` is 0, and the API takes a number of 1 or more: it is sent as it is ${once}`,
    ]);
    expect(warningsOf('{"params":{"messages":[],"temperature":1.5}}')).toHaveLength(1);
    expect(warningsOf('{"messages":[],"temperature":1.5,"top_p":null,"top_logprobs":20}')).toEqual([]);
  });

  it("and none is where they are what they seem", () => {
    expect(
      warningsOf(
        '{"prompt":"Hi","system":"Be brief","temperature":0,"seed":1}',
        '{"url":"/v1/messages","system":"Be brief","messages":[]}',
        '{"params":{"system":"Be brief","messages":[],"max_tokens":1}}',
        '{"custom_id":"a","metadata":{"id":1,"answer":2},"prompt":"Hi"}',
      ),
    ).toEqual([]);
  });
});
