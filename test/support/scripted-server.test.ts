import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { serve } from "./closing.ts";
import { deferred } from "./deferred.ts";
import {
  chatAnswer,
  closedPortUrl,
  cutAfterHeaders,
  cutBeforeHeaders,
  cutInBody,
  delayed,
  endlessBody,
  errorAnswer,
  rateLimited,
  rawBytes,
  type Reply,
  type ScriptedServer,
  silence,
  slowBody,
  wrongContentLength,
} from "./scripted-server.ts";

function post(server: ScriptedServer, body = "{}", signal?: AbortSignal): Promise<Response> {
  return fetch(`${server.url}/v1/x`, { method: "POST", body, ...(signal && { signal }) });
}

describe("scripted server", () => {
  it("answers as the script says, from the call's number and content", async () => {
    const server = await serve((call) => (call.body === "fail" ? errorAnswer(503) : chatAnswer(`answer ${call.index}`)));
    expect(await (await post(server)).json()).toMatchObject({ choices: [{ message: { content: "answer 0" } }] });
    expect((await post(server, "fail")).status).toBe(503);
  });

  it("keeps a ledger of what arrived", async () => {
    const server = await serve(() => rateLimited("7"));
    const response = await post(server, '{"a":1}');
    await response.text();
    await server.until(() => server.ledger[0]?.endedAt !== undefined);
    const [call] = server.ledger;
    expect(call).toMatchObject({
      index: 0,
      method: "POST",
      path: "/v1/x",
      body: '{"a":1}',
      aborted: false,
      connection: 0,
      inFlight: 1,
    });
    expect(call?.json()).toEqual({ a: 1 });
    expect(call?.endedAt).toBeGreaterThanOrEqual(call?.arrivedAt ?? Infinity);
    expect(response.headers.get("retry-after")).toBe("7");
  });

  it("counts the peak of requests in flight", async () => {
    const waiting: ((reply: Reply) => void)[] = [];
    const server = await serve((call) => (call.index < 3 ? new Promise((resolve) => waiting.push(resolve)) : chatAnswer()));
    const responses = Promise.all([post(server), post(server), post(server)]);
    await server.until(() => waiting.length === 3);
    for (const release of waiting) release(chatAnswer());
    await Promise.all((await responses).map((response) => response.text()));
    await post(server).then((response) => response.text());
    await server.until(() => server.inFlight === 0);
    expect(server.peakInFlight).toBe(3);
    expect(server.ledger.length).toBe(4);
  });

  it("marks calls whose client went away", async () => {
    const server = await serve(silence);
    const controller = new AbortController();
    const response = post(server, "{}", controller.signal);
    await server.until(() => server.inFlight === 1);
    controller.abort();
    await expect(response).rejects.toThrow("aborted");
    await server.until(() => server.ledger[0]?.endedAt !== undefined);
    expect(server.ledger[0]?.aborted).toBe(true);
  });

  it("answers 500 when the script throws, so that a test does not hang", async () => {
    const server = await serve(() => {
      throw new Error("oops");
    });
    expect(await (await post(server)).text()).toContain("oops");
  });

  it.each([
    ["before headers, by RST", cutBeforeHeaders("reset"), 0, "ECONNRESET"],
    ["before headers, by FIN", cutBeforeHeaders("close"), 0, "ECONNRESET"],
    ["after headers", cutAfterHeaders(), 200, "ECONNRESET"],
    ["in mid-body", cutInBody(5), 200, "ECONNRESET"],
    ["with a wrong content-length", wrongContentLength(3), 200, "ECONNRESET"],
    ["with garbage", rawBytes("\0\0garbage\r\n\r\n"), 0, "HPE_INVALID_CONSTANT"],
  ])("cuts the connection %s", async (_name, reply, status, code) => {
    const server = await serve(() => reply);
    expect(await rawPost(server)).toMatchObject({ status, code });
  });

  it("sends slow bodies whole", async () => {
    const server = await serve(() => slowBody(100, 1, chatAnswer("slow")));
    expect(await (await post(server)).text()).toContain("slow");
  });

  it("sends endless bodies until the client hangs up", async () => {
    const server = await serve(() => endlessBody({ body: "x".repeat(1000) }));
    const controller = new AbortController();
    const response = await post(server, "{}", controller.signal);
    const reader = response.body?.getReader();
    for (let read = 0; read < 1_000_000;) read += (await reader?.read())?.value?.length ?? 0;
    controller.abort();
    await server.until(() => server.ledger[0]?.endedAt !== undefined);
    expect(server.ledger[0]?.aborted).toBe(true);
  });

  it("answers not before the delay is over", async () => {
    const server = await serve(() => delayed(50, chatAnswer()));
    await (await post(server)).text();
    await server.until(() => server.ledger[0]?.endedAt !== undefined);
    const [call] = server.ledger;
    expect((call?.endedAt ?? 0) - (call?.arrivedAt ?? 0)).toBeGreaterThan(45);
  });

  it("answers a request that came before the last response was finished", async () => {
    const first = deferred<Reply>();
    const server = await serve((call) => (call.index === 0 ? first.promise : wrongContentLength(0, "second")));
    const socket = connect(server.port, "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n".repeat(2));
    await server.until(() => server.ledger.length === 2);
    first.resolve({ body: "first" });
    expect(await text(socket)).toMatch(/first.*second$/s);
  });

  it("knows a port where nothing listens", async () => {
    await expect(fetch(await closedPortUrl())).rejects.toThrow("fetch failed");
  });
});

function rawPost(server: ScriptedServer): Promise<{ status: number; code: string }> {
  return new Promise((resolve) => {
    let status = 0;
    const onError = (error: NodeJS.ErrnoException): void => resolve({ status, code: error.code ?? "" });
    const sent = httpRequest(server.url, { method: "POST" }, (response) => {
      status = response.statusCode ?? 0;
      response.on("error", onError).on("end", () => resolve({ status, code: "" }));
      response.resume();
    });
    sent.on("error", onError);
    sent.end("{}");
  });
}
