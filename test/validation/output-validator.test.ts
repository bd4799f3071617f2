import { beforeAll, describe, expect, it } from "vitest";
import type { ModelResponse } from "../../src/model/attempt.ts";
import type { BatchRequest } from "../../src/model/request.ts";
import { createOutputValidator, type OutputValidator } from "../../src/validation/validation.ts";
import {
  asking,
  chatCalling,
  chatResponse,
  messageCalling,
  messageSaying,
  outputCalling,
  outputMessage,
  outputSaying,
  paths,
  requestTo,
  response,
  saying,
} from "./exchanges.ts";

let validator: OutputValidator;
beforeAll(async () => {
  validator = await createOutputValidator();
});

/** A chat answer that ended so. */
function ended(finish_reason: string, content: string | null = '{"name":"a"}'): object {
  return { choices: [{ message: { content }, finish_reason }] };
}

/** What is wrong, in words; undefined for an answer that counts. */
function wrong(request: BatchRequest, answer: ModelResponse): string | undefined {
  expect(validator.refusal(request)).toBeUndefined();
  return validator.check(request, answer)?.message;
}

const order = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1 },
    kind: { enum: ["book", "film"] },
    at: { type: "string", format: "date-time" },
    note: { anyOf: [{ type: "string" }, { type: "null" }] },
    items: {
      type: "array",
      items: { type: "object", properties: { price: { type: "number" } }, required: ["price"], additionalProperties: false },
    },
  },
  required: ["name"],
  additionalProperties: false,
};

describe("the text of an answer", () => {
  it.each([
    ['{"name":"a"}', undefined],
    [' {"name":"a","note":null}\n', undefined],
    ["{}", "it must have required property 'name'"],
    ['{"name":1}', "/name must be string"],
    ['{"name":""}', "/name must NOT have fewer than 1 characters"],
    ['{"name":"a","age":3}', 'it must not have the property "age"'],
    ['{"name":"a","kind":"song"}', '/kind must be one of "book", "film"'],
    ['{"name":"a","at":"yesterday"}', '/at must match format "date-time"'],
    ['{"name":"a","note":3}', "/note must be string, or must be null"],
    ['{"name":"a","items":[{"price":1},{"price":2},{"price":3},{"price":"4"}]}', "/items/3/price must be number"],
    ["[]", "it must be object"],
  ])("%s: %s", (text, problem) => {
    const expected = problem === undefined ? undefined : `the answer does not match its JSON schema: ${problem}`;
    expect(wrong(asking(order), saying(text))).toBe(expected);
  });

  it.each([
    ['```json\n{"name":"a"}\n```', "it stands in a code fence (```), and only the JSON itself is an answer"],
    ['<think>A book.</think>\n{"name":"a"}', "it begins with the model's reasoning, in tags"],
    ['{"name":"a","items":[{"pri', "it breaks off before its end"],
    ['{"name":"a"} Hope this helps!', "more text follows its end at column 13"],
    ['{"name":"a"}{"name":"a"}', "more text follows its end at column 13"],
    ['{"name":"a",}', "expected a key in double quotes at column 13, found }"],
    ["Here is the order: {}", "expected a value at column 1, found Here"],
    ["None", "expected a value at column 1, found None"],
    ["[".repeat(100_000), "it is nested too deeply, or broken"],
  ])("that is not JSON says why, as models and servers were seen to write it: %.30s", (text, problem) => {
    expect(wrong(asking(order), saying(text))).toBe(`the answer is not JSON: ${problem}`);
  });

  it("is missing where a server puts it with the reasoning, or nowhere", () => {
    const empty = "the answer has no text, where JSON was asked for";
    expect(wrong(asking(order), chatResponse({ content: null, reasoning_content: '{"name":"a"}' }))).toBe(empty);
    expect(wrong(asking(order), saying(" \n"))).toBe(empty);
  });

  it("may come in parts", () => {
    const content = [
      { type: "thinking", thinking: [{ type: "text", text: "Hm" }] },
      { type: "text", text: '{"name":' },
      { type: "text", text: '"a"}' },
    ];
    expect(wrong(asking(order), chatResponse({ content }))).toBeUndefined();
  });

  it("is checked in all choices", () => {
    const good = { content: '{"name":"a"}' };
    const answer = chatResponse(good, good, { content: '{"name":2}' });
    expect(wrong(asking(order), answer)).toBe("choice 3 of 3: the answer does not match its JSON schema: /name must be string");
  });

  it("is free where nothing is asked of it", () => {
    const request = requestTo(paths.chat, { messages: [], response_format: { type: "text" } });
    expect(wrong(request, saying("Hello!"))).toBeUndefined();
    expect(wrong(requestTo("/v1/embeddings", { input: "a" }), response({ data: [] }))).toBeUndefined();
  });

  it("that asks for `json_object` has to be any object", () => {
    const request = requestTo(paths.chat, { messages: [], response_format: { type: "json_object" } });
    expect(wrong(request, saying('{"a":1}'))).toBeUndefined();
    expect(wrong(request, saying('{"a":[1,]}'))).toContain("is not JSON: expected a value at column 9");
    expect(wrong(request, saying("[1]"))).toContain("it must be object");
  });

  it("says nothing of what stands in it: it may be what nobody else should read", () => {
    const secret = "x".repeat(1000);
    for (const text of [`{"name":"a","note":"${secret}`, `${secret}`, `{"name":"a","${secret}":1}`])
      expect(wrong(asking(order), saying(text))?.length).toBeLessThan(300);
  });
});

describe("where a schema stands", () => {
  const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
  const messages = [{ role: "user", content: "Hi" }];
  it.each([
    [
      "Chat Completions",
      requestTo(paths.chat, { messages, response_format: { type: "json_schema", json_schema: { schema } } }),
      saying,
    ],
    ["Together, Fireworks", requestTo(paths.chat, { messages, response_format: { type: "json_object", schema } }), saying],
    [
      "vLLM's Completions",
      requestTo(paths.completions, { prompt: "a", response_format: { type: "json_schema", json_schema: { schema } } }),
      (text: string): ModelResponse => response({ choices: [{ index: 0, text, finish_reason: "stop" }] }),
    ],
    [
      "Responses",
      requestTo(paths.responses, { input: "a", text: { format: { type: "json_schema", name: "n", schema } } }),
      outputSaying,
    ],
    [
      "Messages",
      requestTo(paths.messages, { messages, output_config: { effort: "low", format: { type: "json_schema", schema } } }),
      messageSaying,
    ],
    [
      "Messages of the beta",
      requestTo(paths.messages, { messages, output_format: { type: "json_schema", schema } }),
      messageSaying,
    ],
  ])("%s", (_, request, answer) => {
    expect(wrong(request, answer('{"n":1}'))).toBeUndefined();
    expect(wrong(request, answer('{"n":"1"}'))).toBe("the answer does not match its JSON schema: /n must be integer");
  });

  it("is the last of equal keys, as servers read them", () => {
    const [first, last] = ["string", "array"].map((type) =>
      JSON.stringify({ type: "json_schema", json_schema: { schema: { type } } }),
    );
    const body = `{"model":"m","messages":[],"response_format":${first},"response_format" : ${last}}`;
    expect(wrong({ ...requestTo(paths.chat, {}), body }, saying("[]"))).toBeUndefined();
  });
});

describe("calls of tools", () => {
  const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  const weather = { type: "function", function: { name: "weather", parameters } };
  const clock = { type: "function", function: { name: "clock" } };
  const asks = requestTo(paths.chat, { messages: [], tools: [weather, clock] });

  it.each([
    ["weather", '{"city":"Rome"}', undefined],
    ["weather", '{"city":1}', 'the arguments for the tool "weather" do not match its JSON schema: /city must be string'],
    ["weather", "", `the arguments for the tool "weather" do not match its JSON schema: it must have required property 'city'`],
    ["weather", '{"city":"Ro', 'the arguments for the tool "weather" are not JSON: it breaks off before its end'],
    ["clock", "", undefined], // servers leave the arguments out where there are none
    ["clock", undefined, undefined],
    ["clock", "null", 'the arguments for the tool "clock" do not match its JSON schema: it must be object'],
    ["moon", "{}", 'the answer calls the tool "moon", and there are only: weather, clock'],
  ])("of %s with %s", (name, args, problem) => {
    expect(wrong(asks, chatCalling(name, args))).toBe(problem);
  });

  it("stand before the answer: a text beside them is not checked", () => {
    const format = { type: "json_schema", json_schema: { schema: { type: "object" } } };
    const request = requestTo(paths.chat, { messages: [], tools: [weather], response_format: format });
    const call = { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Rome"}' } };
    expect(wrong(request, chatResponse({ content: "Let me look.", tool_calls: [call] }))).toBeUndefined();
  });

  it("of Messages and Responses", () => {
    const tools = [
      { name: "weather", input_schema: parameters },
      { type: "bash_20250124", name: "bash" },
    ];
    const messages = requestTo(paths.messages, { messages: [], tools });
    expect(wrong(messages, messageCalling({ city: "Rome" }))).toBeUndefined();
    expect(wrong(messages, messageCalling({}))).toContain("it must have required property 'city'");

    const namespace = { type: "namespace", name: "crm", tools: [{ type: "function", name: "weather", parameters }] };
    const responses = requestTo(paths.responses, { input: "a", tools: [{ type: "web_search" }, namespace] });
    expect(wrong(responses, outputCalling('{"city":"Rome"}'))).toBeUndefined();
    expect(wrong(responses, outputCalling('{"city":1}'))).toContain("/city must be string");
  });

  it("are not judged where nothing is known of the tools: those of a stored prompt, of a search, or of free text", () => {
    const stored = requestTo(paths.responses, { input: "a", prompt: { id: "pmpt_1" } });
    const output = [{ type: "function_call", call_id: "c", name: "any", arguments: "{}" }];
    expect(wrong(stored, response({ status: "completed", output }))).toBeUndefined();
    const searching = requestTo(paths.responses, {
      input: "a",
      tools: [{ type: "tool_search" }, { type: "function", name: "b" }],
    });
    expect(wrong(searching, response({ status: "completed", output }))).toBeUndefined();
    const free = requestTo(paths.chat, { messages: [], tools: [{ type: "custom", custom: { name: "shell" } }] });
    const call = { id: "call_1", type: "custom", custom: { name: "shell", input: "ls" } };
    expect(wrong(free, chatResponse({ content: null, tool_calls: [call] }))).toBeUndefined();
  });
});

describe("what is no mismatch", () => {
  const format = { type: "json_schema", schema: order };
  const messages = requestTo(paths.messages, { messages: [], output_config: { format } });
  const responses = requestTo(paths.responses, { input: "a", text: { format } });

  it("a refusal, and what a filter stopped", () => {
    expect(wrong(asking(order), chatResponse({ content: null, refusal: "I cannot help with that." }))).toBeUndefined();
    const filtered = response({ choices: [{ message: { content: '{"na' }, finish_reason: "content_filter" }] });
    expect(wrong(asking(order), filtered)).toBeUndefined();
    expect(wrong(messages, response({ content: [{ type: "text", text: "No." }], stop_reason: "refusal" }))).toBeUndefined();
    const content = [{ type: "refusal", refusal: "No." }];
    expect(wrong(responses, response({ status: "completed", output: [{ type: "message", content }] }))).toBeUndefined();
    const stopped = { status: "incomplete", incomplete_details: { reason: "content_filter" }, output: [] };
    expect(wrong(responses, response(stopped))).toBeUndefined();
  });

  it("a pause, and what a model says on its way", () => {
    expect(
      wrong(messages, response({ content: [{ type: "text", text: "Searching." }], stop_reason: "pause_turn" })),
    ).toBeUndefined();
    const output = [outputMessage("Let me see.", "commentary"), outputMessage(`{"name":"a"}`, "final_answer")];
    expect(wrong(responses, response({ status: "completed", output }))).toBeUndefined();
  });
});

describe("an answer that was cut off", () => {
  it("is one whether it would match or not, names its limit, and is not asked again", () => {
    const message =
      "the answer was cut off at its max_completion_tokens of 20 (20 tokens came, 20 of them reasoning): raise max_completion_tokens, or ask for less";
    const usage = { completionTokens: 20, reasoningTokens: 20 };
    const request = asking(order, { max_completion_tokens: 20 });
    for (const content of [null, '{"name":"a"}'])
      expect(validator.check(request, response(ended("length", content), usage))).toEqual({
        kind: "incomplete_output",
        message,
        retryable: false,
        statusCode: 200,
      });
  });

  it.each([
    [requestTo(paths.chat, { messages: [] }), ended("length"), "at the model's own limit of tokens"],
    [requestTo(paths.chat, { messages: [], max_tokens: null }), ended("MAX_TOKENS"), "at the model's own limit of tokens"],
    [requestTo(paths.chat, { messages: [], max_tokens: 5 }), ended("model_length"), "where the model's context window ends"],
    [
      requestTo(paths.messages, { messages: [], max_tokens: 7 }),
      { content: [], stop_reason: "max_tokens" },
      "at its max_tokens of 7",
    ],
    [
      requestTo(paths.responses, { input: "a", max_output_tokens: 16 }),
      { status: "incomplete", incomplete_details: { reason: "max_output_tokens" }, output: [] },
      "at its max_output_tokens of 16",
    ],
  ])("also where no schema is asked for: %#", (request, body, where) => {
    expect(validator.check(request, response(body))).toMatchObject({
      kind: "incomplete_output",
      message: expect.stringContaining(where),
    });
  });

  it("is not taken for one by what a model writes", () => {
    const use = { type: "tool_use", id: "t", name: "end", input: { reason: "length" } };
    const request = requestTo(paths.messages, { messages: [], tools: [{ name: "end" }] });
    expect(wrong(request, response({ content: [use], stop_reason: "tool_use" }))).toBeUndefined();
  });
});
