import { expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, type Reply } from "../support/scripted-server.ts";
import { Workplace } from "./cli.ts";

/** Bodies as programs of the five systems send them, by row of the feature table. */
const bodies: Readonly<Record<string, string>> = {
  "8, messages":
    '{"model":"m","messages":[{"role":"developer","content":"d"},{"role":"system","content":"s","name":"rules"},{"role":"user","content":[{"type":"text","text":"é"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"1"},{"role":"assistant","content":null,"function_call":{"name":"g","arguments":"{}"}},{"role":"function","name":"g","content":"2","odd":null}]}',
  "9, sampling":
    '{"model":"m", "messages":[],"temperature":0.70,"top_p":1,"n":2,"stop":["\\n",""],"seed":12345678901234567890123,"presence_penalty":-2.0,"frequency_penalty":2,"logit_bias":{"50256":-100},"user":"u"}',
  "10, lengths": '{"model":"m","messages":[],"max_tokens":5,"max_completion_tokens":6}',
  "11, logprobs": '{"model":"m","messages":[],"logprobs":true,"top_logprobs":20}',
  "12, reasoning": '{"model":"m","messages":[],"reasoning_effort":"high","reasoning":{"effort":"low"},"enable_thinking":true}',
  "13, formats":
    '{"model":"m","messages":[],"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object"}}}}',
  "14, tools":
    '{"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"tool_choice":"auto","parallel_tool_calls":false}',
  "15, extras": '{"model":"m","messages":[],"foo_bar":{"a":[null,1e400]},"extra_body":{"k":1},"timeout":30}',
  "72, marks":
    '{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"long","cache_control":{"type":"ephemeral"}}]}]}',
};

const odd =
  '{"id":"x","object":"chat.completion","created":12345678901234567890123,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","odd":1.0},"finish_reason":"weird"}],"usage":null,"extra":[1e400]}';

it("rows 8 to 15, 72: every parameter and message arrives as it was written, byte for byte, and nothing is added", async () => {
  const server = await serve(() => chatAnswer("fine"));
  const user = new Workplace();
  const lines = Object.entries(bodies).map(([id, body]) => `{"custom_id":${JSON.stringify(id)},"body":${body}}\n`);
  user.write("in.jsonl", lines.join(""));
  const { code, stderr } = await user.runHere([
    "run",
    "in.jsonl",
    "--base-url",
    `${server.url}/v1`,
    "-c",
    "1",
    "-o",
    "out.jsonl",
  ]);
  expect([code, stderr.includes("temperature")]).toEqual([0, false]);
  expect(server.ledger.map(({ body }) => body)).toEqual(Object.values(bodies));
});

it("row 18: an answer comes out as the provider sent it, whatever is odd about it", async () => {
  const server = await serve((): Reply => ({ headers: { "content-type": "application/json" }, body: odd }));
  const user = new Workplace();
  user.write("in.jsonl", ["Hello"]);
  const run = ["run", "in.jsonl", "-m", "m", "--base-url", `${server.url}/v1`, "-o", "out.jsonl"];
  const { code, stderr } = await user.runHere(run);
  expect(code, stderr).toBe(0);
  expect(user.read("out.jsonl")).toContain(`"body":${odd}}`);
  await user.runHere(run);
  expect(user.read("out.jsonl"), "from the cache, too").toContain(`"body":${odd}}`);
  expect(server.ledger).toHaveLength(1);
});
