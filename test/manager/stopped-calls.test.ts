import { expect, it } from "vitest";
import type { BatchResult, RequestManager } from "../../src/index.ts";
import { helloChunks } from "../providers/protocols/recorded-streams.ts";
import { chat } from "../providers/protocols/stream-pieces.ts";
import { chatAnswer, delayed, silence, slowBody, streamed } from "../support/scripted-server.ts";
import { serveManagers } from "./managers.ts";

const message = "time for lunch";
const hello = streamed(chat(helloChunks));

/** What came of a stream: its text, or its error. */
function textOf(manager: RequestManager): Promise<unknown> {
  return manager
    .stream("Hi")
    .text()
    .catch((error: unknown) => error);
}

it("stop() ends calls that wait for their turn at once, and those in flight when their time is over", async () => {
  const { server, createManager } = await serveManagers(silence);
  const manager = createManager({ concurrency: 1, drainMs: 1 });
  const inFlight: Promise<BatchResult> = manager.send("Hi");
  await server.until(() => server.inFlight === 1);
  const waiting = [manager.send("Hi").then(({ error }) => error), textOf(manager)];
  manager.stop(message);
  for (const outcome of [await inFlight.then(({ error }) => error), ...(await Promise.all(waiting))])
    expect(outcome).toMatchObject({ code: "cancelled", message: expect.stringContaining(message) });
  expect(server.ledger).toHaveLength(1);
});

it("stop() lets a stream that is in flight end", async () => {
  const { server, createManager } = await serveManagers(() => slowBody(10, 5, hello));
  const manager = createManager();
  const text = textOf(manager);
  await server.until(() => server.inFlight === 1);
  manager.stop(message);
  expect(await text).toBe("Hello");
});

it("a time to end in that no timer lasts cuts nothing short", async () => {
  const { server, createManager } = await serveManagers(() => slowBody(10, 5, hello));
  const manager = createManager({ drainMs: 2 ** 31 });
  const calls = [manager.send("Hi").then(({ text }) => text), textOf(manager)];
  await server.until(() => server.inFlight === 2);
  manager.stop(message);
  expect(await Promise.all(calls)).toEqual(["Hello", "Hello"]);
});

it("a live call that is given up once it has its answer ends no other call", async () => {
  const { server, createManager } = await serveManagers((call) => (call.index === 0 ? chatAnswer() : delayed(50, chatAnswer())));
  const manager = createManager();
  const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }] });
  const request = { kind: "request", path: "/v1/chat/completions", model: "m", body, lineNumber: 1, customId: "1" } as const;
  const first = manager.live(request, {});
  await first.result;
  const second = manager.live(request, {});
  await server.until(() => server.inFlight === 1);
  first.abort();
  expect(await second.result).toMatchObject({ status: "succeeded" });
});

it("what is asked after stop() is sent", async () => {
  const { createManager } = await serveManagers(() => hello);
  const manager = createManager();
  manager.stop(message);
  expect(await textOf(manager)).toBe("Hello");
});

it("nothing keeps a program alive once its calls have ended, however they did", async () => {
  const { createManager } = await serveManagers(() => hello);
  const before = timers();
  const manager = createManager();
  expect(await textOf(manager)).toBe("Hello");
  for await (const _ of manager.stream("Hi")) break;
  await manager.send("Hi");
  await manager.close();
  expect(timers()).toBeLessThanOrEqual(before);
});

/** Those that keep the process alive. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}
