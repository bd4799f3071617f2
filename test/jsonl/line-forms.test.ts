import { describe, expect, test } from "vitest";
import { requestOf } from "./parse-support.ts";

describe("each form of line", () => {
  test("OpenAI Batch", () => {
    const text =
      '{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-5.4-mini","messages":[{"role":"user","content":"Hi"}],"max_tokens":1000}}';
    expect(requestOf(text, {}, 7)).toEqual({
      kind: "request",
      lineNumber: 7,
      customId: "a",
      path: "/v1/chat/completions",
      model: "gpt-5.4-mini",
      body: '{"model":"gpt-5.4-mini","messages":[{"role":"user","content":"Hi"}],"max_tokens":1000}',
      maxOutputTokens: 1000,
    });
  });

  test("Mistral and Together: no method, no url", () => {
    expect(requestOf('{"custom_id":"0","body":{"model":"m","messages":[]}}')).toMatchObject({
      customId: "0",
      path: "/v1/chat/completions",
      body: '{"model":"m","messages":[]}',
    });
  });

  test("bare body", () => {
    expect(requestOf('\t{"model": "m", "messages": []} \r', {}, 3)).toEqual({
      kind: "request",
      lineNumber: 3,
      customId: "request-3",
      path: "/v1/chat/completions",
      model: "m",
      body: '{"model": "m", "messages": []}',
    });
  });

  test.each([
    ['{"provider":"gpu","model":"m","messages":[]}', '{"model":"m","messages":[]}'],
    ['{"model":"m","input":"Hi", "provider" : "gpu"}', '{"model":"m","input":"Hi"}'],
    ['{"provider":"gpu","model":"m","prompt":"Hi"}', '{"model":"m","messages":[{"role":"user","content":"Hi"}]}'],
  ])("a provider that is named beside them, which was sent as a parameter: %s", (text, body) => {
    expect(requestOf(text)).toMatchObject({ provider: "gpu", body });
  });

  test("OpenRouter's parameter of that name, an object, is sent as written", () => {
    const text = '{"model":"m","messages":[],"provider":{"order":["a"]}}';
    expect(requestOf(text)).toMatchObject({ body: text });
    expect(requestOf(text)).not.toHaveProperty("provider");
  });

  test("bare body among our own keys, which are not sent", () => {
    const text =
      ' { "custom_id" : "a", "model": "m" , "url":"/v1/responses", "input":"Hi","method":"POST", "metadata":{"row":1} } ';
    expect(requestOf(text)).toMatchObject({
      customId: "a",
      path: "/v1/responses",
      body: '{ "model": "m" , "input":"Hi"}',
      metadata: '{"row":1}',
    });
  });

  test("short: prompt and system become messages where the prompt stood, the rest stays", () => {
    expect(
      requestOf('{"temperature":1.0, "prompt": "Hi \\u00e9","seed":9223372036854775807,"system":"Be brief","model":"m"}').body,
    ).toBe(
      '{"temperature":1.0,"messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"Hi \\u00e9"}],"seed":9223372036854775807,"model":"m"}',
    );
    expect(requestOf('{"prompt":"Hi"}', { defaultModel: "m" })).toMatchObject({
      path: "/v1/chat/completions",
      body: '{"model":"m","messages":[{"role":"user","content":"Hi"}]}',
    });
  });

  test("a string", () => {
    expect(requestOf(' "Say \\"hi\\"" ', { defaultModel: "m" })).toMatchObject({
      customId: "request-1",
      path: "/v1/chat/completions",
      body: '{"model":"m","messages":[{"role":"user","content":"Say \\"hi\\""}]}',
    });
  });

  test("Anthropic Message Batches", () => {
    expect(requestOf('{"custom_id":"a","params":{"model":"claude","max_tokens":10,"messages":[]}}')).toMatchObject({
      customId: "a",
      path: "/v1/messages",
      body: '{"model":"claude","max_tokens":10,"messages":[]}',
      maxOutputTokens: 10,
    });
  });

  test("short, for Anthropic: the system prompt is a parameter there", () => {
    const text = '{"url":"/v1/messages","model":"m","max_tokens":9,"system":"Be brief","prompt":"Hi"}';
    expect(requestOf(text).body).toBe(
      '{"model":"m","max_tokens":9,"system":"Be brief","messages":[{"role":"user","content":"Hi"}]}',
    );
  });

  test("a prompt for an API that takes no messages is sent as it is", () => {
    const text = '{"url":"/v1/completions","model":"m","prompt":["Once","upon"]}';
    expect(requestOf(text)).toMatchObject({ path: "/v1/completions", body: '{"model":"m","prompt":["Once","upon"]}' });
  });

  test("`body` wins over everything beside it", () => {
    const text = '{"prompt":"no","params":{},"messages":[],"body":{"model":"m","input":"yes"}}';
    expect(requestOf(text).body).toBe('{"model":"m","input":"yes"}');
  });

  test("of two equal keys the last one counts, as for every JSON parser", () => {
    const text = '{"custom_id":"a","body":{"model":"no"},"b\\u006fdy":{"model":"m","messages":[],"model":"n"},"custom_id":"b"}';
    expect(requestOf(text)).toMatchObject({ customId: "b", model: "n", body: '{"model":"m","messages":[],"model":"n"}' });
    const twice = '{"prompt":"no","custom_id":"a","prompt":"yes","custom_id":"b","model":"m"}';
    expect(requestOf(twice)).toMatchObject({ customId: "b", body: '{"messages":[{"role":"user","content":"yes"}],"model":"m"}' });
  });
});

describe("metadata", () => {
  test("travels as written", () => {
    const metadata = '{ "row": 9223372036854775807, "x":[1.0,"\\u00e9"] }';
    expect(requestOf(`{"metadata": ${metadata} ,"body":{"model":"m","messages":[]}}`).metadata).toBe(metadata);
    expect(requestOf(`{"prompt":"Hi","metadata":${metadata},"model":"m"}`).metadata).toBe(metadata);
    expect(requestOf('{"metadata":null,"prompt":"Hi","model":"m"}').metadata).toBe("null");
  });

  test("inside `body` is OpenAI's own parameter", () => {
    const body = '{"model":"m","messages":[],"metadata":{"a":"b"}}';
    expect(requestOf(`{"body":${body}}`)).not.toHaveProperty("metadata");
    expect(requestOf(`{"body":${body}}`).body).toBe(body);
  });

  test("brings no line break into the output", () => {
    expect(requestOf('{"metadata":{\r"a":\r"\\r"},"prompt":"Hi","model":"m"}').metadata).toBe('{ "a": "\\r"}');
  });
});

test("fields that would choose a host, a key or a header are plain data in a body", () => {
  const body =
    '{"model":"m","messages":[],"base_url":"http://evil","api_key":"x","headers":{"a":"b"},"__proto__":{"model":"evil"}}';
  expect(requestOf(body)).toEqual({
    kind: "request",
    lineNumber: 1,
    customId: "request-1",
    path: "/v1/chat/completions",
    model: "m",
    body,
  });
});
