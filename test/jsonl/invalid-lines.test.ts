import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { RequestParser } from "../../src/jsonl/parse-requests.ts";
import type { Line } from "../../src/jsonl/split-lines.ts";
import type { InvalidLine } from "../../src/model/request.ts";
import { invalidOf, parseLine } from "./parse-support.ts";

const nested = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;

describe("a line that cannot be sent says why", () => {
  test.each([
    ["nonsense", "not JSON: expected a value at column 1, found nonsense"],
    ['{"prompt":"Hi"', "not JSON: the line ends where , or } should follow; each request stands on one line"],
    ['{"prompt":"Hi"} {"prompt":"Ho"}', "not JSON: expected the end of the line at column 17, found {"],
    ["[]", "must be an object or a string, not an array"],
    ["null", "must be an object or a string, not null"],
    ["42", "must be an object or a string, not a number"],
    ["true", "must be an object or a string, not a boolean"],
    ["{}", "has no `body`, `params`, `messages`, `input` or `prompt`, so there is nothing to send"],
    ['{"custom_id":"a","request":{}}', "has no `body`, `params`, `messages`, `input` or `prompt`, so there is nothing to send"],
    ['{"custom_id":5,"prompt":"Hi","model":"m"}', "`custom_id` must be a string"],
    ['{"custom_id":null,"prompt":"Hi","model":"m"}', "`custom_id` must be a string"],
    ['{"method":"GET","prompt":"Hi","model":"m"}', '`method` must be "POST"'],
    ['{"method":"GET","custom_id":5,"prompt":"Hi"}', '`custom_id` must be a string; `method` must be "POST"'],
    ['{"body":"Hi"}', "`body` must be an object"],
    ['{"body":null}', "`body` must be an object"],
    ['{"body":[{}]}', "`body` must be an object"],
    ['{"params":7}', "`params` must be an object"],
    ['{"prompt":["Hi"],"model":"m"}', "`prompt` must be a string"],
    ['{"prompt":null,"model":"m"}', "`prompt` must be a string"],
    ['{"prompt":"Hi","system":[],"model":"m"}', "`system` must be a string"],
    ['{"messages":[]}', "no model: name one in the body, or for all lines with --model"],
    ['"Hi"', "no model: name one in the body, or for all lines with --model"],
    ['{"__proto__":{"model":"m"},"messages":[]}', "no model: name one in the body, or for all lines with --model"],
    ['{"model":"","messages":[]}', "`model` must be a string that is not empty"],
    ['{"model":null,"messages":[]}', "`model` must be a string that is not empty"],
    ['{"model":7,"messages":[]}', "`model` must be a string that is not empty"],
    [
      '{"body":{"model":"m","text":"Hi"}}',
      '`body` does not show which API it is for: give a `url`, such as "/v1/chat/completions"',
    ],
    [`{"model":"m","messages":${nested(1000)}}`, "nested deeper than 1,000 levels"],
    [nested(100_000), "nested deeper than 1,000 levels"],
    ["[".repeat(5_000_000), "nested deeper than 1,000 levels"],
  ])("%.60s", (text, message) => {
    const line = invalidOf(text, {}, 12);
    expect(line.failure).toEqual({ kind: "invalid_line", message, retryable: false });
    expect(line).toMatchObject({ lineNumber: 12, digest: hash("sha256", text, "hex") });
  });

  test("at its default model, if it names an empty one", () => {
    expect(invalidOf('{"model":"","messages":[]}', { defaultModel: "m" }).failure.message).toMatch(/`model` must be a string/);
  });

  test("unless it merely looks odd", () => {
    const odd = [
      `{"model":"m","messages":${nested(999)}}`,
      '{"model":"m","messages":[],"stream":true}',
      '{"model":"m","messages":[],"stream":false}',
      '{"model":"m","messages":[],"stream":null}',
      '{"model":"m","messages":"\\ud800"}',
      '{"model":"m","messages":[{"content":"[[[["}]}'.replace("[[[[", "[".repeat(5000)),
      '{"model":"m","messages":[1e400,-0,1E5]}',
      '{"model":"\\u0000","messages":[],"a":1,"a":2}',
    ];
    for (const text of odd) expect(parseLine(text)).toMatchObject({ kind: "request" });
  });

  test("without repeating the prompt", () => {
    const prompt = "my secret plan ".repeat(50);
    const texts = [
      `{"prompt":"${prompt}"`,
      `{"prompt":"${prompt}\t"}`,
      `{prompt:"${prompt}"}`,
      `${prompt}`,
      `{"model":"m","prompt":["${prompt}"]}`,
    ];
    for (const text of texts) expect(invalidOf(text).failure.message).not.toMatch(/secret plan/);
  });
});

describe("an invalid line", () => {
  test("keeps its custom_id and metadata where they can be read", () => {
    expect(invalidOf('{"custom_id":"a","metadata":{"row": 1.0},"messages":[]}')).toMatchObject({
      customId: "a",
      metadata: '{"row": 1.0}',
    });
    expect(invalidOf('{"custom_id":"a","metadata":1,', {}, 8)).toMatchObject({ customId: "request-8" });
    expect(invalidOf('{"custom_id":["a"],"messages":[]}', {}, 8)).toMatchObject({ customId: "request-8" });
  });

  test("has the same digest in every run, and another for another text", () => {
    expect(invalidOf("{").digest).toBe(invalidOf("{", { defaultModel: "m" }, 5).digest);
    expect(invalidOf("{").digest).not.toBe(invalidOf("[").digest);
  });

  test.each([
    [{ problem: "too-long", text: "" }, "request-2", "longer than 64 MiB"],
    [
      { problem: "invalid-utf8", text: '{"custom_id":"a","prompt":"caf\uFFFD"}' },
      "a",
      "not UTF-8: some byte near column 31 belongs to no character; save the file as UTF-8",
    ],
    [
      { problem: "invalid-utf8", text: '{"custom_id":"\uFFFD"}' },
      "request-2",
      "not UTF-8: some byte near column 15 belongs to no character; save the file as UTF-8",
    ],
    [
      { problem: "invalid-utf8", text: '{"custom_id":\uFFFD' },
      "request-2",
      "not UTF-8: some byte near column 14 belongs to no character; save the file as UTF-8",
    ],
    [
      { problem: "invalid-utf8", text: '\uFFFD\uFFFD"\0H\0i\0"\0' },
      "request-2",
      "not UTF-8; it looks like UTF-16, which Windows PowerShell writes: save the file as UTF-8",
    ],
  ] as const)("of unreadable bytes is one too: %j", (broken, customId, message) => {
    const line: Line = { lineNumber: 2, digest: "d", ...broken };
    expect(new RequestParser({ defaultModel: "m" }).parse(line)).toEqual({
      kind: "invalid-line",
      lineNumber: 2,
      customId,
      digest: "d",
      failure: { kind: "invalid_line", message, retryable: false },
    });
  });
});

describe("a custom_id that stands twice", () => {
  test("is refused at its second line, by name", () => {
    const [first, second, third] = failuresOf(
      '{"custom_id":"a","prompt":"1"}',
      '{"custom_id":"b","prompt":"2"}',
      '{"custom_id":"a","prompt":"3"}',
    );
    expect([first, second]).toEqual([undefined, undefined]);
    expect(third).toEqual({
      kind: "duplicate_custom_id",
      message: '`custom_id` "a" stands on an earlier line too; each must be unique',
      retryable: false,
    });
  });

  test("also when one of the two is a default", () => {
    expect(failuresOf('"1"', '{"custom_id":"request-1","prompt":"2"}')[1]?.kind).toBe("duplicate_custom_id");
    const [, second] = failuresOf('{"custom_id":"request-2","prompt":"1"}', '"2"');
    expect(second).toMatchObject({
      kind: "duplicate_custom_id",
      message: 'names no `custom_id`, and an earlier line has taken "request-2", which it would get',
    });
  });

  test("also when the first of the two is invalid, since both stand in the output", () => {
    expect(failuresOf('{"custom_id":"a"}', '{"custom_id":"a","prompt":"2"}').map((failure) => failure?.kind)).toEqual([
      "invalid_line",
      "duplicate_custom_id",
    ]);
  });

  test("hides no other problem of the line", () => {
    expect(failuresOf('{"custom_id":"a","prompt":"1"}', '{"custom_id":"a"}')[1]?.kind).toBe("invalid_line");
  });

  test("keeps its metadata, and a long one does not fill the screen", () => {
    const text = JSON.stringify({ custom_id: `\u001B[2J${"x".repeat(10_000)}`, prompt: "1", metadata: 7 });
    const parser = new RequestParser({ defaultModel: "m" });
    parser.parse({ lineNumber: 1, text });
    const input = parser.parse({ lineNumber: 2, text });
    expect(input).toMatchObject({ kind: "invalid-line", metadata: "7" });
    expect(input.kind === "invalid-line" && input.failure.message.length).toBeLessThan(250);
    expect(input.kind === "invalid-line" && input.failure.message).not.toContain("\u001B");
  });
});

test("lines are read where no code may be made of strings", () => {
  const door = pathToFileURL(join(import.meta.dirname, "..", "..", "build", "jsonl", "jsonl.js")).href;
  const script = `
    const { RequestParser } = await import(${JSON.stringify(door)});
    const input = new RequestParser().parse({ lineNumber: 1, text: '{"custom_id":"a","body":{"model":"m","messages":[]}}' });
    process.stdout.write(input.kind);
  `;
  const args = ["--disallow-code-generation-from-strings", "--input-type=module", "--eval", script];
  expect(execFileSync(process.execPath, args, { encoding: "utf8" })).toBe("request");
});

/** What becomes of the lines of one input. */
function failuresOf(...texts: string[]): (InvalidLine["failure"] | undefined)[] {
  const parser = new RequestParser({ defaultModel: "m" });
  return texts.map((text, index) => {
    const input = parser.parse({ lineNumber: index + 1, text });
    return input.kind === "invalid-line" ? input.failure : undefined;
  });
}
