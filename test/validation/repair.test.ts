import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { ModelResponse } from "../../src/model/attempt.ts";
import type { BatchRequest } from "../../src/model/request.ts";
import { createOutputValidator, type OutputValidator } from "../../src/validation/validation.ts";
import { arbitraryStyle, arbitraryTree, writeJson } from "../json/arbitrary-json.ts";
import { asking, chatResponse, paths, requestTo, response, saying } from "./exchanges.ts";

let validator: OutputValidator;
beforeAll(async () => {
  validator = await createOutputValidator();
});

const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const format = { type: "json_schema", schema };
const messages = [{ role: "user", content: "Where?" }];
const problem =
  "The answer does not match its JSON schema: /city must be string. Answer again, with JSON that matches the schema and nothing else: no code fence, no other text.";
const callProblem =
  'The arguments for the tool "find" do not match its JSON schema: /city must be string. The tool was not called. Call it again, with arguments that match its schema.';
const notMade = "The tool was not called, because another call of the same answer was wrong. Make all calls again.";

function call(id: string, args: string, extra: object = {}): object {
  return { id, type: "function", function: { name: "find", arguments: args }, ...extra };
}

function use(id: string, input: unknown): object {
  return { type: "tool_use", id, name: "find", input };
}

/** The turns that are added, and that all else of the request is as it was. */
function added(request: BatchRequest, answer: ModelResponse, key: "messages" | "input"): unknown[] {
  const { body, ...rest } = validator.repair(request, answer) ?? request;
  expect({ ...rest, body: request.body }).toEqual(request);
  const before: Record<string, unknown> = JSON.parse(request.body);
  const after: Record<string, unknown> = JSON.parse(body);
  expect({ ...after, [key]: before[key] }).toEqual(before);
  const turns = after[key];
  const first = before[key];
  const own = Array.isArray(first) ? first : [{ role: "user", content: first }];
  if (!Array.isArray(turns)) throw new Error("no turns");
  expect(turns.slice(0, own.length)).toEqual(own);
  return turns.slice(own.length);
}

describe("what the model is told, behind its answer", () => {
  it("Chat Completions", () => {
    expect(added(asking(schema), saying('{"city":1}'), "messages")).toEqual([
      { role: "assistant", content: '{"city":1}' },
      { role: "user", content: problem },
    ]);
  });

  it("of several choices the wrong one", () => {
    const answer = chatResponse({ content: '{"city":"Rome"}' }, { content: '{"city":2}' });
    const [said, told] = added(asking(schema), answer, "messages");
    expect(said).toEqual({ role: "assistant", content: '{"city":2}' });
    expect(told).toMatchObject({ content: expect.stringMatching(/^Choice 2 of 2: the answer does not match/) });
  });

  it("an empty answer is not repeated, for servers refuse empty turns", () => {
    expect(added(asking(schema), chatResponse({ content: null }), "messages")).toMatchObject([{ role: "user" }]);
  });

  it("Messages, with their parts as received", () => {
    const thinking = { type: "thinking", thinking: "Hm.", signature: "c2ln" };
    const text = { type: "text", text: '{"city":1}' };
    const answer = response({ content: [thinking, { type: "text", text: "" }, text], stop_reason: "end_turn" });
    expect(added(requestTo(paths.messages, { messages, output_config: { format } }), answer, "messages")).toEqual([
      { role: "assistant", content: [thinking, text] },
      { role: "user", content: problem },
    ]);
  });

  it.each(["Where?", messages])("Responses, whose input is %j", (input) => {
    const content = [{ type: "output_text", text: '{"city":1}' }];
    const answer = response({
      status: "completed",
      output: [
        { type: "reasoning", id: "rs_1" },
        { type: "message", id: "msg_1", content },
      ],
    });
    expect(added(requestTo(paths.responses, { input, text: { format } }), answer, "input")).toEqual([
      { role: "assistant", content: '{"city":1}' },
      { role: "user", content: problem },
    ]);
  });

  it("nothing where an API has no turns", () => {
    const request = requestTo(paths.completions, { prompt: "a", response_format: { type: "json_object" } });
    expect(validator.repair(request, response({ choices: [{ text: "b", finish_reason: "stop" }] }))).toBeUndefined();
  });
});

describe("each call gets its result, for a call without one is refused", () => {
  it("Chat Completions: what came with the call goes back, broken arguments do not", () => {
    const tools = [{ type: "function", function: { name: "find", parameters: schema } }];
    const signature = { extra_content: { google: { thought_signature: "c2ln" } } };
    const calls = [call("a", '{"city":"Rome"}', signature), call("b", '{"city":1}'), call("c", '{"ci')];
    const message = { content: null, refusal: null, reasoning_content: "Hm.", tool_calls: calls };
    expect(added(requestTo(paths.chat, { messages, tools }), chatResponse(message), "messages")).toEqual([
      { role: "assistant", content: null, reasoning_content: "Hm.", tool_calls: [calls[0], calls[1], call("c", "{}")] },
      { role: "tool", tool_call_id: "a", content: notMade },
      { role: "tool", tool_call_id: "b", content: callProblem },
      { role: "tool", tool_call_id: "c", content: notMade },
    ]);
  });

  it("Messages", () => {
    const content = [{ type: "text", text: "Let me see." }, use("a", { city: 1 }), use("b", null)];
    const request = requestTo(paths.messages, { messages, tools: [{ name: "find", input_schema: schema }] });
    expect(added(request, response({ content, stop_reason: "tool_use" }), "messages")).toEqual([
      { role: "assistant", content: [content[0], content[1], use("b", {})] },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "a", is_error: true, content: callProblem },
          { type: "tool_result", tool_use_id: "b", is_error: true, content: notMade },
        ],
      },
    ]);
  });

  it("Responses: without ids, which would ask for the reasoning before them", () => {
    const made = { type: "function_call", call_id: "a", name: "find", arguments: '{"city":1}' };
    const output = [
      { type: "reasoning", id: "rs_1" },
      { id: "fc_1", status: "completed", ...made },
    ];
    const request = requestTo(paths.responses, {
      input: "Where?",
      tools: [{ type: "function", name: "find", parameters: schema }],
    });
    expect(added(request, response({ status: "completed", output }), "input")).toEqual([
      made,
      { type: "function_call_output", call_id: "a", output: callProblem },
    ]);
  });
});

it("the request around the turns stays byte for byte, whatever it holds", () => {
  const answer = saying("no JSON");
  const space = fc.stringMatching(/^[ \t]{0,2}$/);
  fc.assert(
    fc.property(fc.array(arbitraryTree), arbitraryTree, arbitraryStyle, space, (turns, other, style, gap) => {
      const head = `{"a":${writeJson(other, style)},${gap}"messages" :${gap}[${gap}`;
      const list = turns.map((turn) => writeJson(turn, style)).join(`${gap},${gap}`) + gap;
      const tail = `],"n":12345678901234567890, "response_format":{"type":"json_object"}}`;
      const { body = "" } = validator.repair({ ...requestTo(paths.chat, {}), body: head + list + tail }, answer) ?? {};
      expect(body.startsWith(head + list)).toBe(true);
      expect(body.endsWith(tail)).toBe(true);
      const { messages: all }: { messages: unknown[] } = JSON.parse(body);
      expect(all).toHaveLength(turns.length + 2);
    }),
  );
});

it("an answer above 64 KiB is cut, between characters, and its calls become text", () => {
  const [said, told] = added(asking(schema), saying("🙂".repeat(40_000)), "messages");
  expect(said).toEqual({ role: "assistant", content: `${"🙂".repeat(32 * 1024)}…` });
  expect(told).toMatchObject({ role: "user" });

  const input = { city: 1, note: "x".repeat(100_000) };
  const content = [{ type: "tool_use", id: "a", name: "find", input }];
  const request = requestTo(paths.messages, { messages, tools: [{ name: "find", input_schema: schema }] });
  const turns = added(request, response({ content, stop_reason: "tool_use" }), "messages");
  expect(turns).toEqual([
    { role: "assistant", content: expect.stringMatching(/^find\({"city":1,"note":"x+…$/) },
    { role: "user", content: callProblem },
  ]);
});
