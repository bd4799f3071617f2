import { expect, it } from "vitest";
import { requestOf } from "../contracts/provider.ts";
import { mock } from "../support/closing.ts";
import { connect } from "../support/connected.ts";

const question = [{ role: "user", content: "What is the capital of France?" }];

it.each([
  ["/v1/chat/completions", { model: "m", n: 2, messages: question, stream: true, stream_options: { include_usage: true } }],
  ["/v1/completions", { model: "m", prompt: ["One?", "Two?"], stream: true, stream_options: { include_usage: true } }],
  ["/v1/responses", { model: "m", input: "What is the capital of France?", stream: true }],
  ["/v1/responses", { model: "m", input: question, max_output_tokens: 2, stream: true }],
  ["/v1/messages", { model: "m", max_tokens: 50, messages: question, stream: true }],
])("a stream of %s holds what an answer in one piece does", async (path, body) => {
  const server = await mock();
  const provider = connect(server.url);
  const { signal } = new AbortController();
  const plain = await provider.send(requestOf(JSON.stringify({ ...body, stream: false }), path), { signal });
  const streamed = await provider.send(requestOf(JSON.stringify(body), path), { signal });

  expect(shapeOf(streamed.ok && streamed.response.body)).toEqual(shapeOf(plain.ok && plain.response.body));
  const usages = [plain, streamed].map((attempt) => (attempt.ok ? attempt.response.usage : undefined));
  expect(usages.reduce((sum, usage) => sum + (usage?.promptTokens ?? 0) + (usage?.completionTokens ?? 0), 0)).toBe(
    server.stats().totalTokens,
  );
});

/** The body with every value replaced by its type: the values depend on the request, of which `stream` is a part. */
function shapeOf(body: string | false): unknown {
  return JSON.parse(body || "null", (key, value: unknown) => {
    if (key === "service_tier") return undefined;
    return typeof value === "object" ? value : typeof value;
  });
}
