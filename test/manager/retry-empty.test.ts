import { expect, test } from "vitest";
import { createMemoryCache, createProvider } from "../../src/index.ts";
import { chatAnswer } from "../support/scripted-server.ts";
import { serveManagers } from "./managers.ts";

test("with `retryEmpty` a program's empty answers are asked again, those of the cache too, and each call carries the request's id", async () => {
  const { server, createManager } = await serveManagers(({ index }) => chatAnswer(index < 2 ? "" : "Rhine"));
  const cache = createMemoryCache();
  const ask = { cache, retry: { retryDelayMs: 0 } };
  expect(await createManager(ask).complete("Name a river.")).toMatchObject({ text: "" });

  const provider = createProvider("openai", { baseUrl: `${server.url}/v1`, apiKey: "k", requestIdHeader: "X-Request-Id" });
  const manager = createManager({ ...ask, provider, retryEmpty: true });
  for (const _ of [1, 2]) expect(await manager.complete("Name a river.")).toMatchObject({ text: "Rhine" });
  expect(server.ledger).toHaveLength(3);
  const [, second, third] = server.ledger.map(({ headers }) => headers["x-request-id"]);
  expect(second).toMatch(/^batch_req_/);
  expect(third).toBe(second);
});
