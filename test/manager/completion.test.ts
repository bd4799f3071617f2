import { afterEach, expect, test } from "vitest";
import { createHttpProvider, createMemoryCache, RequestFailedError, RequestManager } from "../../src/index.ts";
import { chatAnswer, errorAnswer, type Script, type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

let server: ScriptedServer | undefined;

afterEach(async () => server?.close());

async function manage(script: Script): Promise<RequestManager> {
  server = await startScriptedServer(script);
  const provider = createHttpProvider({ name: "house", baseUrl: `${server.url}/v1` });
  return new RequestManager({ provider, model: "m", cache: createMemoryCache() });
}

test("a prompt gets its answer, with usage, and the same question again gets it from the cache", async () => {
  const manager = await manage(() => chatAnswer("Rhine"));
  const first = await manager.complete("Name a river.", { temperature: 0 });
  expect(first).toMatchObject({ text: "Rhine", isFromCache: false, usage: { promptTokens: 10, completionTokens: 5 } });
  expect(server?.ledger[0]?.json()).toEqual({
    model: "m",
    temperature: 0,
    messages: [{ role: "user", content: "Name a river." }],
  });
  await expect(manager.complete("Name a river.", { temperature: 0 })).resolves.toMatchObject({
    text: "Rhine",
    isFromCache: true,
  });
  expect(server?.ledger).toHaveLength(1);
  await manager.close();
});

test("messages are sent as they are, and a request that fails says why", async () => {
  const manager = await manage(() => errorAnswer(400, { type: "invalid_request_error", message: "no such role" }));
  const messages = [{ role: "nobody", content: "Hi" }];
  const error: unknown = await manager.complete(messages).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RequestFailedError);
  expect(error).toMatchObject({ failure: { kind: "invalid_request", statusCode: 400 } });
  expect(server?.ledger[0]?.json()).toMatchObject({ messages });
  await manager.close();
});
