import { describe, expect, test } from "vitest";
import { parseRequests, RequestParser } from "../../src/jsonl/parse-requests.ts";
import type { Line } from "../../src/jsonl/split-lines.ts";
import { ConfigurationError } from "../../src/model/errors.ts";
import { requestOf } from "./parse-support.ts";

describe("values for lines that name none", () => {
  const options = {
    defaultModel: "m",
    defaults: new Map([
      ["temperature", "0.50"],
      ["stop", '["\\n"]'],
    ]),
  };

  test("are put before the body's own members, which stay as written", () => {
    const text = '{"body": { "messages":[] , "seed":1.0 } }';
    expect(requestOf(text, options).body).toBe('{"model":"m","temperature":0.50,"stop":["\\n"], "messages":[] , "seed":1.0 }');
    expect(requestOf('{"messages":[]}', options).body).toBe('{"model":"m","temperature":0.50,"stop":["\\n"],"messages":[]}');
  });

  test("never replace what the line says, null included", () => {
    const text = '{"temperature":null,"model":"own","messages":[],"stop":"x"}';
    expect(requestOf(text, options)).toMatchObject({ model: "own", body: text });
  });

  test("fill an empty body without a stray comma", () => {
    expect(requestOf('{"url":"/v1/chat/completions","body":{ }}', { defaultModel: "m" }).body).toBe('{"model":"m" }');
  });

  test("named like members of Object.prototype are added like any", () => {
    expect(requestOf('{"model":"m","messages":[]}', { defaults: new Map([["toString", "1"]]) }).body).toBe(
      '{"toString":1,"model":"m","messages":[]}',
    );
  });

  test("that no body could be sent with are refused at once", () => {
    expect(() => new RequestParser({ defaultModel: "" })).toThrow(ConfigurationError);
    expect(() => new RequestParser({ defaults: new Map([["model", "4"]]) })).toThrow(/`model` must be a string/);
  });
});

describe("the most tokens an answer may have", () => {
  test.each([
    ['"max_tokens":10', 10],
    ['"max_completion_tokens":20,"max_tokens":10', 20],
    ['"max_output_tokens":30', 30],
    ['"max_completion_tokens":null,"max_tokens":10', 10],
    ['"max_tokens":10,"n":3', 30],
    ['"max_tokens":10,"best_of":4', 40],
    ['"max_tokens":10,"n":2,"best_of":4', 20],
    ['"max_tokens":0', 0],
    ['"n":3', undefined],
    ['"max_tokens":-1', undefined],
    ['"max_tokens":1.5', undefined],
    ['"max_tokens":"10"', undefined],
    ['"max_tokens":1e400', undefined],
    ['"max_tokens":10,"n":-2', undefined],
    ['"max_tokens":9007199254740991,"n":2', undefined],
  ])("by %s are %s", (members, expected) => {
    expect(requestOf(`{"model":"m","messages":[],${members}}`).maxOutputTokens).toBe(expected);
  });

  test("may come from the values for lines that name none", () => {
    const defaults = new Map([
      ["max_tokens", "50"],
      ["n", "2"],
    ]);
    expect(requestOf('{"model":"m","messages":[]}', { defaults }).maxOutputTokens).toBe(100);
    expect(requestOf('{"model":"m","messages":[],"max_tokens":5}', { defaults }).maxOutputTokens).toBe(10);
  });
});

describe("keys beside `body` that mean nothing", () => {
  test("are named in one warning a run", () => {
    const known = '{"custom_id":"a","method":"POST","url":"/v1/x","metadata":1,"body":{"model":"m"}}';
    const warnings = warningsOf(
      known,
      '{"base_url":"http://evil","api_key":"sk-secret","body":{"model":"m","messages":[]}}',
      '{"headers":{},"body":{"model":"m","messages":[]}}',
    );
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^line 2: ignored beside `body`: "base_url", "api_key"/);
    expect(warnings[0]).not.toMatch(/evil|secret/);
  });

  test("are not called so where the line is the body", () => {
    expect(
      warningsOf('{"model":"m","messages":[],"api_key":"x","headers":{}}', '{"model":"m","prompt":"Hi","user":"u"}'),
    ).toEqual([]);
  });

  test("do not fill the screen", () => {
    const keys = Array.from({ length: 1000 }, (_, index) => `"${"k".repeat(200)}${index}":1`).join();
    const [warning] = warningsOf(`{${keys},"params":{"model":"m"}}`);
    expect(warning).toMatch(/ and 990 more/);
    expect(warning?.length).toBeLessThan(1500);
  });
});

describe("values that a program gives", () => {
  test("make the same requests as lines", () => {
    const values = [
      "Hi",
      { messages: [] },
      { custom_id: "a", body: { messages: [], seed: 1 } },
      { prompt: "Hi", system: "Be brief" },
      { custom_id: "b", params: { messages: [] } },
      { prompt: 5 },
      null,
    ];
    const fromValues = newParser();
    const fromLines = newParser();
    for (const [index, value] of values.entries()) {
      const line = { lineNumber: index + 1, text: JSON.stringify(value) };
      expect(fromValues.parseValue(value, index + 1)).toEqual(fromLines.parse(line));
    }
  });

  test("that JSON cannot hold are invalid lines, not exceptions", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const deep: unknown = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
    const cases: [unknown, RegExp][] = [
      [undefined, /cannot be written as JSON: it is undefined/],
      [() => "Hi", /it is function/],
      [{ prompt: 1n }, /BigInt/],
      [circle, /circular/],
      [{ messages: deep }, /cannot be written as JSON|nested deeper/],
    ];
    for (const [value, message] of cases) {
      const input = newParser().parseValue(value, 4);
      expect(input).toMatchObject({ kind: "invalid-line", lineNumber: 4, customId: "request-4" });
      expect(input.kind === "invalid-line" && input.failure.message).toMatch(message);
      expect(input.kind === "invalid-line" && input.failure.message).not.toContain("\n");
    }
  });
});

test("a stream of lines becomes a stream of requests, one each, in order", async () => {
  const seen: string[] = [];
  for await (const { kind, customId } of parseRequests(groups(), new RequestParser({ defaultModel: "m" })))
    seen.push(`${kind} ${customId}`);
  expect(seen).toEqual(["request request-1", "invalid-line request-3", "request request-4"]);
});

function newParser(): RequestParser {
  return new RequestParser({ defaultModel: "m" });
}

/** What is warned of in a run over these lines, all of them good. */
function warningsOf(...texts: string[]): string[] {
  const warnings: string[] = [];
  const parser = new RequestParser({ onWarning: (message) => warnings.push(message) });
  for (const [index, text] of texts.entries()) expect(parser.parse({ lineNumber: index + 1, text }).kind).toBe("request");
  return warnings;
}

async function* groups(): AsyncGenerator<Line[]> {
  yield [
    { lineNumber: 1, text: '"a"' },
    { lineNumber: 3, text: "broken" },
  ];
  yield [{ lineNumber: 4, text: '"b"' }];
}
