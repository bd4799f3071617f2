import { describe, expect, expectTypeOf, it } from "vitest";
import { type BatchResult, createMemoryCache, type ErrorDetails, formatResult, type Usage } from "../../src/index.ts";
import { chatAnswer, errorAnswer, type Reply } from "../support/scripted-server.ts";
import { serveManagers } from "./managers.ts";

const message = { type: "message", role: "assistant", content: [{ type: "output_text", text: "Rhine" }] };
const answers: Readonly<Record<string, object>> = {
  "/v1/chat/completions": { choices: [{ index: 0, message: { role: "assistant", content: "Rhine" }, finish_reason: "stop" }] },
  "/v1/completions": { choices: [{ index: 0, text: "Rhine", finish_reason: "stop" }] },
  "/v1/responses": { status: "completed", output: [{ type: "reasoning", summary: [] }, message] },
  "/v1/messages": {
    type: "message",
    content: [
      { type: "thinking", thinking: "Hm" },
      { type: "text", text: "Rhine" },
    ],
  },
  "/v1/embeddings": { data: [{ index: 0, embedding: [1] }] },
};

const byPath = ({ path }: { readonly path: string }): Reply => ({ body: answers[path] ?? {} });

describe("a result", () => {
  it.each(Object.keys(answers))("has the text of an answer of %s, without JSON.parse and choices[0]", async (url) => {
    const { createManager } = await serveManagers(byPath);
    const [result] = await createManager().processBatch([{ url, body: { model: "m", input: "Name a river." } }]);
    expect(result).toMatchObject({ error: null, body: answers[url] });
    expect(result?.text).toBe(url === "/v1/embeddings" ? undefined : "Rhine");
  });

  it("says who answered, when, from where and with how many tokens", async () => {
    const { createManager } = await serveManagers(() => chatAnswer("Rhine"), { cache: createMemoryCache() });
    const manager = createManager();
    const questions = [{ custom_id: "a", prompt: "One" }, "Two"];
    const [first, second] = await manager.processBatch(questions);
    const facts = { provider: "openai", model: "m", attempts: 1, cached: false, error: null, text: "Rhine" };
    expect(first).toMatchObject({ ...facts, customId: "a", index: 0, usage: { promptTokens: 10, completionTokens: 5 } });
    expect(second).toMatchObject({ ...facts, customId: "request-2", index: 1, costUsd: null });
    expect(first?.latencyMs).toBeGreaterThan(0);
    const [again] = await manager.processBatch(questions);
    expect(again).toMatchObject({ ...facts, id: first?.id, attempts: 0, cached: true, latencyMs: 0, costUsd: 0, savedUsd: null });
  });

  it("that failed says why, with the body that the server sent", async () => {
    const refusal = { error: { message: "no such parameter", param: "top_k", code: "unknown_parameter" } };
    const { createManager } = await serveManagers(() => ({ status: 400, body: refusal }));
    const [failed, invalid] = await createManager().processBatch(["One", { nonsense: true }]);
    const error = { code: "invalid_request", message: "HTTP 400: no such parameter", status: 400, providersTried: [] };
    expect(failed?.error).toEqual({ ...error, body: refusal });
    expect(failed).toMatchObject({ text: undefined, body: undefined, usage: undefined, attempts: 1, cached: false });
    expect(invalid?.error).toMatchObject({ code: "invalid_line", status: undefined, body: undefined });
    expect(invalid).toMatchObject({ index: 1, provider: undefined, model: undefined, attempts: 0, latencyMs: 0 });
  });

  it("is told apart by its error: TypeScript knows the rest", () => {
    expect(check).toBeTypeOf("function");
  });

  it("in the output has its code, whether the model or the endpoint is missing", async () => {
    const { createManager } = await serveManagers(({ index }) =>
      index === 0 ? errorAnswer(404, { message: "The model `m` does not exist" }) : { status: 404, body: "no such page" },
    );
    const results = await createManager({ concurrency: 1 }).processBatch(["One", "Two"]);
    expect(results.map(({ error }) => error?.code)).toEqual(["model_not_found", "not_found"]);
    expect(results.map((result) => JSON.parse(formatResult(result)).error.code)).toEqual(["model_not_found", "not_found"]);
  });
});

function check(result: BatchResult): void {
  if (result.error === null) expectTypeOf(result.usage).toEqualTypeOf<Usage>();
  else expectTypeOf(result.error).toEqualTypeOf<ErrorDetails>();
  if (result.status === "failed") expectTypeOf(result.text).toEqualTypeOf<undefined>();
}
