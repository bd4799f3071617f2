import { beforeAll, describe, expect, it } from "vitest";
import { createOutputValidator, type OutputValidator } from "../../src/validation/validation.ts";
import { asking, paths, requestTo, saying } from "./exchanges.ts";

let validator: OutputValidator;
beforeAll(async () => {
  validator = await createOutputValidator();
});

/** Why a schema is of no use. */
function refusal(schema: unknown): string | undefined {
  return validator.refusal(asking(schema))?.message;
}

describe("a schema that is none fails its line before it is sent", () => {
  it.each([
    [{ type: "strnig" }, "strnig"],
    [{ required: "name" }, "required value must be"],
    [{ $ref: "#/$defs/missing" }, "can't resolve reference #/$defs/missing"],
    [{ pattern: "(?i)a" }, "Invalid group"],
    [{ $async: true, type: "string" }, "$async"],
    ["text", "it is no JSON schema"],
    [nested(600), "nested too deeply"],
  ])("%.40j", (schema, why) => {
    expect(validator.refusal(asking(schema))).toMatchObject({ kind: "invalid_request", retryable: false });
    expect(refusal(schema)).toContain(
      "not sent, because its answer cannot be checked: the JSON schema of response_format is of no use",
    );
    expect(refusal(schema)).toContain(why);
  });

  it("and so does one of a tool, which is named", () => {
    const tools = [{ type: "function", function: { name: "f", parameters: { type: "any" } } }];
    expect(validator.refusal(requestTo(paths.chat, { tools }))?.message).toContain(
      'the JSON schema of the tool "f" is of no use',
    );
  });

  it("no other document is fetched", () => {
    expect(refusal({ $ref: "http://127.0.0.1:1/schema.json" })).toContain(
      "can't resolve reference http://127.0.0.1:1/schema.json",
    );
  });
});

describe("what other readers of schemas take is taken", () => {
  it.each([
    [{ type: "object", "x-order": ["a"], errorMessage: "b", format: "unheard-of" }, "{}", '"a"'],
    [{ $schema: "http://json-schema.org/draft-07/schema#", type: "array", items: [{ type: "string" }] }, '["a"]', "[1]"],
    [
      { $schema: "https://json-schema.org/draft/2020-12/schema", type: "array", prefixItems: [{ type: "string" }] },
      '["a"]',
      "[1]",
    ],
    [{ $schema: "https://example.org/of-our-own", type: "object" }, "{}", "1"],
    [{ type: "string", nullable: true }, "null", "1"],
    [{ type: "string", pattern: "^[\\w-.]+$" }, '"a-b"', '"a b"'],
    [
      { type: "object", properties: { next: { $ref: "#" } }, additionalProperties: false },
      '{"next":{"next":{}}}',
      '{"next":{"last":1}}',
    ],
    [{ $ref: "#/definitions/a", definitions: { a: { type: "number", format: "int32" } } }, "1", '"1"'],
  ])("%.60j", (schema, good, bad) => {
    expect(refusal(schema)).toBeUndefined();
    expect(validator.check(asking(schema), saying(good))).toBeUndefined();
    expect(validator.check(asking(schema), saying(bad))).toMatchObject({ kind: "schema_mismatch" });
  });

  it("an `$id` of one schema means nothing in another", () => {
    for (const type of ["string", "number"]) {
      const schema = { $id: "https://example.org/a", $ref: "#/$defs/b", $defs: { b: { $id: "b", type } } };
      expect(validator.check(asking(schema), saying(type === "string" ? '"a"' : "1"))).toBeUndefined();
    }
  });
});

describe("a check that would not end", () => {
  beforeAll(async () => {
    validator = await createOutputValidator(300);
  });

  it("is ended: its answer fails, others are checked, and after three the schema is of no use", () => {
    const schema = { type: "string", pattern: "^(\\w+\\s?)*$" };
    const slow = saying(JSON.stringify(`${"a".repeat(40)}!`));
    for (let time = 0; time < 3; time += 1) {
      expect(validator.check(asking(schema), saying('"a b"'))).toBeUndefined();
      expect(refusal(schema)).toBeUndefined();
      const failure = validator.check(asking(schema), slow);
      expect(failure).toMatchObject({ kind: "schema_mismatch", retryable: false });
      expect(failure?.message).toContain("the check takes longer than 0.3 s");
    }
    expect(refusal(schema)).toContain("3 checks took longer than 0.3 s each");
  });

  it("is ended however the pattern is spelled", () => {
    const request = asking({ pattern: "^(a|a)*$" });
    const spelled = { ...request, body: request.body.replace('"pattern"', String.raw`"p\u0061ttern"`) };
    expect(validator.check(spelled, saying(JSON.stringify(`${"a".repeat(40)}!`)))?.message).toContain("longer than 0.3 s");
  });

  it("of a schema that branches at each level, or calls itself, is ended", () => {
    const both = { anyOf: [{ $ref: "#/$defs/a" }, { $ref: "#/$defs/a" }] };
    const schema = { $defs: { a: { type: "array", items: both, maxItems: 1 } }, ...both };
    const deep = `${"[".repeat(40)}1${"]".repeat(40)}`;
    expect(validator.check(asking(schema), saying(deep))?.message).toContain("longer than 0.3 s");
    expect(validator.check(asking({ $ref: "#" }), saying("{}"))?.message).toMatch(/nested too deeply|longer than/);
  });
});

it("an answer of a hostile size or depth fails, and no more", () => {
  const request = asking({ type: "array", items: { $ref: "#" } });
  const large = { ...saying("[]"), body: `{"choices":[]${" ".repeat(9 * 1024 * 1024)}}` };
  expect(validator.check(request, large)?.message).toContain("too large to be checked");
  const free = requestTo(paths.chat, { messages: [] });
  expect(validator.check(free, large)).toBeUndefined();
  const cut = { ...large, body: large.body.replace("}", ',"finish_reason":"length"}') };
  expect(validator.check(free, cut)).toMatchObject({ kind: "incomplete_output" });
  expect(validator.check(request, { ...large, body: "no JSON" })).toBeUndefined();
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  // On a machine with much other work its time may be over first.
  expect(validator.check(request, saying(deep))?.message).toMatch(/nested too deeply to be checked|longer than/);
});

function nested(levels: number): unknown {
  let schema: unknown = { type: "string" };
  for (let level = 0; level < levels; level += 1) schema = { items: schema };
  return schema;
}
