import { describe, expect, it } from "vitest";
import { ConfigurationError, LLMRequest, Message } from "../../src/index.ts";
import { serveManagers } from "../manager/managers.ts";
import { chatAnswer } from "../support/scripted-server.ts";

const messages = [
  { role: "system", content: "Be brief." },
  { role: "developer", content: [{ type: "text", text: "hi", cache_control: {} }] },
  { role: "user", content: "Hi", name: "me" },
  { role: "assistant", content: null, tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: "{}" } }] },
  { role: "tool", content: "5", tool_call_id: "c1" },
  { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
  { role: "function", content: "5", name: "f", unknown_key: [1] },
];

describe("Message", () => {
  it("makes a user's message of a text, and keeps every member of the others", () => {
    expect(Message.fromDict("Hi").toDict()).toEqual({ role: "user", content: "Hi" });
    expect(Message.fromDict({ content: "Hi" }).role).toBe("user");
    for (const message of messages) expect(JSON.stringify(Message.fromDict(message))).toBe(JSON.stringify(message));
  });

  it.each([
    [{ role: "robot", content: "x" }, /^message\.role: expected one of system, developer, user/],
    [{ role: "user", content: 5 }, /^message\.content: expected a text, a list of parts/],
    [{ role: "user", content: ["x"] }, /^message\.content/],
    [{ role: "assistant", tool_calls: "x" }, /^message\.tool_calls: expected a list/],
  ])("says what is wrong with %j", (data, expected) => {
    expect(() => Message.fromDict(data)).toThrow(expected);
    expect(() => Message.fromDict(data)).toThrow(ConfigurationError);
  });
});

describe("LLMRequest", () => {
  it("made of a prompt is sent with what it was given, and no temperature, top_p or limit of its own", async () => {
    const { server, createManager } = await serveManagers(() => chatAnswer());
    const parameters = { model: "m", max_completion_tokens: 9, max_tokens: 9, stop: "\n", foo: { bar: 1 } };
    const request = LLMRequest.fromPrompt("openai", "Hi", parameters);
    await createManager().processBatch([request, LLMRequest.fromDict({ messages })]);
    const bodies = server.ledger.map(({ body }): unknown => JSON.parse(body));
    expect(bodies).toContainEqual({ ...parameters, messages: [{ role: "user", content: "Hi" }] });
    expect(bodies).toContainEqual({ model: "m", messages });
    expect(request.provider).toBe("openai");
  });

  it("comes back from its dictionary, whichever way the messages were given", () => {
    const request = LLMRequest.fromDict({ provider: "gpu", model: "m", messages, seed: 3 });
    expect(request.toDict()).toEqual({ provider: "gpu", model: "m", messages, seed: 3 });
    expect(LLMRequest.fromDict(request.toDict())).toEqual(request);
    const asked = [{ role: "user", content: "Hi" }];
    for (const data of [{ prompt: "Hi" }, { messages: "Hi" }, { messages: ["Hi"] }, { prompt: { content: "Hi" } }])
      expect(LLMRequest.fromDict(data).toDict()).toEqual({ messages: asked });
  });

  it("warns of parameters out of their range, and sends them as they are", () => {
    const warnings: string[] = [];
    const onWarning = (message: string): number => warnings.push(message);
    const wild = { temperature: 9, n: 0, max_tokens: -5, top_logprobs: 99, top_p: "high" };
    const request = LLMRequest.fromPrompt("openai", "Hi", wild, { onWarning });
    expect(request.toDict()).toMatchObject(wild);
    expect(warnings).toEqual([
      "`temperature` is 9, and the API takes a number from 0 to 2: it is sent as it is",
      '`top_p` is "high", and the API takes a number from 0 to 1: it is sent as it is',
      "`n` is 0, and the API takes a number of 1 or more: it is sent as it is",
      "`top_logprobs` is 99, and the API takes a number from 0 to 20: it is sent as it is",
      "`max_tokens` is -5, and the API takes a number of 1 or more: it is sent as it is",
    ]);
    LLMRequest.fromDict({ messages, temperature: 2, n: 1, top_p: null, presence_penalty: -2 }, { onWarning });
    expect(warnings).toHaveLength(5);
  });

  it.each([
    [{}, /^request\.messages\.0: expected a text or an object/],
    [{ messages: [] }, /^request\.messages: expected at least one message/],
    [{ messages: ["Hi", { role: "robot" }] }, /^request\.messages\.1\.role: expected one of/],
    [{ messages: "Hi", model: 5 }, /^request\.model: expected a text/],
  ])("says what is wrong with %j", (data, expected) => {
    expect(() => LLMRequest.fromDict(data)).toThrow(expected);
  });
});
