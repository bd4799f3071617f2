import { expect, test } from "vitest";
import { createMemoryCache, RequestFailedError } from "../../src/index.ts";
import { chatAnswer, errorAnswer } from "../support/scripted-server.ts";
import { serveManagers } from "./managers.ts";

test("a prompt gets its answer, with usage, and the same question again gets it from the cache", async () => {
  const { server, createManager } = await serveManagers(() => chatAnswer("Rhine"));
  const manager = createManager({ cache: createMemoryCache() });
  const first = await manager.complete("Name a river.", { temperature: 0 });
  expect(first).toMatchObject({ text: "Rhine", cached: false, usage: { promptTokens: 10, completionTokens: 5 } });
  expect(server.ledger[0]?.json()).toEqual({
    model: "m",
    temperature: 0,
    messages: [{ role: "user", content: "Name a river." }],
  });
  await expect(manager.complete("Name a river.", { temperature: 0 })).resolves.toMatchObject({
    text: "Rhine",
    cached: true,
  });
  expect(server.ledger).toHaveLength(1);
});

test("messages are sent as they are, and a request that fails says why", async () => {
  const { server, createManager } = await serveManagers(() =>
    errorAnswer(400, { type: "invalid_request_error", message: "no such role" }),
  );
  const messages = [{ role: "nobody", content: "Hi" }];
  const error: unknown = await createManager({ cache: createMemoryCache() })
    .complete(messages)
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RequestFailedError);
  expect(error).toMatchObject({ failure: { kind: "invalid_request", statusCode: 400 } });
  expect(server.ledger[0]?.json()).toMatchObject({ messages });
});
