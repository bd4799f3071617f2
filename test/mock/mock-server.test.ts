import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { type MockServerOptions, startMockServer } from "../../src/mock/mock.ts";
import { ConfigurationError } from "../../src/model/errors.ts";
import { mock } from "../support/closing.ts";
import type { Answered } from "./ask.ts";
import { ask, askChat, askInPieces, chatBody, until } from "./ask.ts";

/** The same header and body, but for what tells the time. */
function whatWasSaid({ status, headers, text }: Answered): object {
  return { status, text, requestId: headers.get("x-request-id"), type: headers.get("content-type") };
}

describe("answers", () => {
  it("are the same bytes after a restart, in another order, at another speed", async () => {
    const bodies = Array.from({ length: 60 }, (_, at) => chatBody(`Question ${at}`, { n: 1 + (at % 3), stream: at % 5 === 0 }));
    const first = await sayAll({}, bodies);
    expect(await sayAll({ latencyMs: 2, jitterMs: 2 }, bodies.toReversed())).toEqual(first);
    expect(await sayAll({ seed: 1 }, bodies)).not.toEqual(first);
  });

  it("come without /v1 too, and with a query", async () => {
    const { url } = await mock();
    const said = whatWasSaid(await askChat(url, chatBody("Hi")));
    expect(whatWasSaid(await askChat(url.replace("/v1", ""), chatBody("Hi")))).toEqual(said);
    expect(whatWasSaid(await ask(url, "/chat/completions?api-version=1", chatBody("Hi")))).toEqual(said);
  });

  it("come no earlier than the latency says", async () => {
    const { url } = await mock({ latencyMs: 40, jitterMs: 10 });
    const before = performance.now();
    await askChat(url, chatBody("Hi"));
    expect(performance.now() - before).toBeGreaterThan(28); // timers may be a millisecond early
  });

  it("come for a body in many pieces, and for one of many megabytes", async () => {
    const { url } = await mock();
    const body = chatBody("Where? ".repeat(1_000_000));
    const bytes = Buffer.from(body);
    const pieces = Array.from({ length: 200 }, (_, at) =>
      bytes.subarray((at * bytes.length) / 200, ((at + 1) * bytes.length) / 200),
    );
    expect((await askInPieces(url, pieces)).text).toBe((await askChat(url, body)).text);
  });

  it("include a list of models", async () => {
    const { url } = await mock();
    const list: { object: string; data: { id: string }[] } = JSON.parse(await (await fetch(`${url}/models`)).text());
    expect(list).toMatchObject({
      object: "list",
      data: [
        { id: "mock-chat", object: "model" },
        { id: "mock-embedding", object: "model" },
      ],
    });
  });
});

describe("mistakes", () => {
  it("in the path get a 404 that says what there is, in OpenAI's shape", async () => {
    const { url } = await mock();
    const { status, text } = await ask(url, "/edits", "{}");
    expect(status).toBe(404);
    const message = expect.stringContaining("POST /v1/chat/completions");
    expect(JSON.parse(text)).toEqual({ error: { message, type: "invalid_request_error", param: null, code: "unknown_url" } });
  });

  it("in the method get a 405", async () => {
    const { url } = await mock();
    expect((await fetch(`${url}/chat/completions`)).status).toBe(405);
    expect((await ask(url, "/models", "{}")).status).toBe(405);
  });

  it("of size get a 413, whether announced or found out, and the server goes on", async () => {
    const server = await mock();
    const announced = await new Promise<string>((resolve) => {
      const socket = connect(server.port, "127.0.0.1");
      socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${64 * 1024 * 1024 + 1}\r\n\r\n`);
      socket.once("data", (data) => {
        socket.destroy();
        resolve(data.toString());
      });
    });
    expect(announced).toMatch(/^HTTP\/1.1 413 /);
    const piece = Buffer.alloc(1024 * 1024, " ");
    expect(
      (
        await askInPieces(
          server.url,
          Array.from({ length: 65 }, () => piece),
        )
      ).status,
    ).toBe(413);
    expect((await askChat(server.url, chatBody("Hi"))).status).toBe(200);
    expect(server.stats()).toMatchObject({ clientErrors: 2, answered: 1, inFlight: 0 });
  });

  it("of protocol get a 400 and harm no other request", async () => {
    const server = await mock();
    const garbage = await new Promise<string>((resolve) => {
      const socket = connect(server.port, "127.0.0.1", () => socket.write("no HTTP at all\r\n\r\n"));
      socket.once("data", (data) => resolve(data.toString()));
    });
    expect(garbage).toMatch(/^HTTP\/1.1 400 /);
    expect((await askChat(server.url, chatBody("Hi"))).status).toBe(200);
  });
});

describe("connections", () => {
  it("are cut by close, those that wait for an answer and those that dawdle too, and it may be called twice", async () => {
    const server = await mock({ latencyMs: 3_600_000 });
    const waiting = Array.from({ length: 5 }, (_, at) => askChat(server.url, chatBody(`Question ${at}`)));
    const outcomes = Promise.allSettled(waiting);
    const dawdler = connect(server.port, "127.0.0.1");
    dawdler.on("error", () => {});
    const cut = new Promise<void>((resolve) => dawdler.on("close", () => resolve()));
    dawdler.write("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
    await until(() => server.stats().inFlight === 6);
    await Promise.all([server.close(), server.close()]);
    await cut;
    expect((await outcomes).map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => "rejected"));
    expect(server.stats()).toMatchObject({ requestsTotal: 6, answered: 0, abandoned: 6, inFlight: 0 });
    await expect(askChat(server.url, chatBody("late"))).rejects.toThrow("fetch failed");
  });

  it("that the client gives up are forgotten, and so is what they had reserved", async () => {
    const server = await mock({ latencyMs: 200, tokensPerMinute: 60 });
    const giveUp = new AbortController();
    const given = askChat(server.url, chatBody("Hi", { max_tokens: 1_000_000 }), giveUp.signal);
    const outcome = given.catch(({ name }: Error) => name);
    await until(() => server.stats().inFlight === 1);
    giveUp.abort();
    expect(await outcome).toBe("AbortError");
    await until(() => server.stats().inFlight === 0);
    expect(server.stats()).toMatchObject({ answered: 0, abandoned: 1 });
    expect((await askChat(server.url, chatBody("Hi"))).status).toBe(200);
    expect(server.stats()).toMatchObject({ answered: 1, abandoned: 1, requestsTotal: 2 });
  });
});

describe("starting", () => {
  it("says which port is taken", async () => {
    const { port } = await mock();
    const failure = startMockServer({ port });
    await expect(failure).rejects.toThrow(ConfigurationError);
    await expect(failure).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use; choose another port, or 0 for any free one.`);
  });

  it("says which address is not this machine's", async () => {
    await expect(startMockServer({ host: "192.0.2.1" })).rejects.toThrow(
      "Port 0 on 192.0.2.1 cannot be listened on: this machine does not have that address.",
    );
  });

  it.each<[MockServerOptions, string]>([
    [{ port: 65_536 }, "port is 65536: it must be a whole number from 0 to 65535."],
    [{ requestsPerMinute: 0 }, "requestsPerMinute is 0"],
    [{ tokensPerMinute: Infinity }, "tokensPerMinute is Infinity"],
    [{ latencyMs: -1 }, "latencyMs is -1"],
    [{ jitterMs: Number.NaN }, "jitterMs is NaN"],
    [Object.assign<object, object>({}, { failRat: 1 }), "startMockServer has no option `failRat`; did you mean `failRate`?"],
    [{ failRate: 5 }, "failRate is 5: it must be a number from 0 to 1."],
    [{ seed: 1.5 }, "seed is 1.5"],
    [{ maxInFlight: 0 }, "maxInFlight is 0"],
    [{ rules: "anthropic", tokensPerMinute: 1 }, 'The rules "anthropic" have no tokensPerMinute: set inputTokensPerMinute and'],
    [{ outputTokensPerMinute: 1 }, 'The rules "openai" have no outputTokensPerMinute: set tokensPerMinute.'],
    [{ outage: { fromMs: -1, forMs: 1, kind: "500" } }, "outage.fromMs is -1"],
  ])("refuses %j", async (options, message) => {
    await expect(startMockServer(options)).rejects.toThrow(message);
  });
});

/** Starts a server and asks it everything at once. @returns what it said, by body. */
async function sayAll(options: MockServerOptions, bodies: readonly string[]): Promise<Map<string, object>> {
  const { url } = await mock(options);
  return new Map(await Promise.all(bodies.map(async (body) => [body, whatWasSaid(await askChat(url, body))] as const)));
}
