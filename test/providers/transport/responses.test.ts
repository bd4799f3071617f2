import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { requestOf } from "../../contracts/provider.ts";
import { closing } from "../../support/closing.ts";
import { connect } from "../../support/connected.ts";
import { startRawServer } from "../../support/raw-server.ts";
import { answerText, ask, ok, serveBytes } from "./raw-replies.ts";
import { sampleResponses } from "./sample-responses.ts";

const { signal } = new AbortController();

describe("what is read", () => {
  it("is what was sent, in whatever pieces, with interim responses, chunks, trailers and fields of any kind", async () => {
    let pieces: readonly Buffer[] = [];
    const { server, provider } = await serveBytes(({ socket }) => {
      socket.setNoDelay(true); // or each piece waits 40 ms for an acknowledgement
      for (const piece of pieces) socket.write(piece);
      return undefined;
    });
    await fc.assert(
      fc.asyncProperty(sampleResponses, fc.array(fc.nat()), async ({ bytes, statusCode, requestId, body }, places) => {
        const ends = [...places.map((place) => place % bytes.length).toSorted((a, b) => a - b), bytes.length];
        pieces = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
        expect(await provider.send(requestOf(), { signal })).toMatchObject({
          ok: true,
          response: { statusCode, requestId, body },
        });
      }),
    );
    expect(server.connections()).toBe(1);
  });

  it("is the same in single bytes, each a packet of its own", async () => {
    const bytes = Buffer.from(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${ok("ü")}`);
    const { provider } = await serveBytes(({ socket }) => {
      socket.setNoDelay(true);
      let at = 0;
      const next = (): void => {
        socket.write(bytes.subarray(at, (at += 1)), () => at < bytes.length && setImmediate(next));
      };
      next();
      return undefined;
    });
    expect([await ask(provider), await ask(provider)]).toEqual(["ü", "ü"]);
  });

  it("knows fields that stand twice", async () => {
    const { provider } = await serveBytes(() =>
      ok("ok", "x-request-id: a\r\nX-Request-ID: b\r\nset-cookie: c\r\nset-cookie: d\r\n"),
    );
    expect(await provider.send(requestOf(), { signal })).toMatchObject({ response: { requestId: "a" } });
  });
});

describe("bytes that are no response", () => {
  const start = "HTTP/1.1 200 OK\r\n";
  const chunks = `${start}transfer-encoding: chunked\r\n\r\n`;
  it.each([
    ["another protocol", "SSH-2.0-OpenSSH_9.6\r\n", "invalid_response"],
    ["no status", "HTTP/1.1 OK\r\n\r\n", "invalid_response"],
    ["a switch of protocols", "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "network"],
    ["a line without a colon", `${start}garbage\r\n\r\n`, "invalid_response"],
    ["a space before the colon", `${start}content-length : 5\r\n\r\n`, "invalid_response"],
    ["a field without a name", `${start}: 5\r\n\r\n`, "invalid_response"],
    ["a length below nothing", `${start}content-length: -1\r\n\r\n`, "invalid_response"],
    ["a length in hexadecimal", `${start}content-length: 0x5\r\n\r\n`, "invalid_response"],
    ["an endless length", `${start}content-length: ${"9".repeat(30)}\r\n\r\n`, "invalid_response"],
    ["two lengths", `${start}content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef`, "invalid_response"],
    ["two lengths in one", `${start}content-length: 5, 6\r\n\r\nabcdef`, "invalid_response"],
    [
      "a length and chunks",
      `${start}content-length: 7\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
      "invalid_response",
    ],
    ["headers without end", `${start}x: ${"y".repeat(20_000)}`, "invalid_response"],
    ["headers with a late end", `${start}x: ${"y".repeat(20_000)}\r\n\r\n`, "invalid_response"],
    ["a size that is none", `${chunks}xyz\r\n`, "network"],
    ["a size below nothing", `${chunks}-1\r\n`, "network"],
    ["a chunk longer than its size", `${chunks}1\r\nabc\r\n`, "network"],
    ["a size without a carriage return", `${chunks}1\nabc\r\n`, "network"],
    ["trailers without end", `${chunks}0\r\n${"x: y\r\n".repeat(20_000)}`, "invalid_response"],
  ])("fail the request, and the next one is answered: %s", async (_name, text, kind) => {
    const { provider } = await serveBytes(({ index }) => (index === 0 ? text : ok()));
    expect(await ask(provider)).toBe(kind);
    expect(await ask(provider)).toBe("ok");
  });

  it("never break the reader", async () => {
    let text = "";
    const { provider } = await serveBytes(({ socket }) => void socket.end(text, "latin1"));
    const part = fc.constantFrom(
      "\r",
      "\n",
      ":",
      " ",
      "H",
      "1",
      ";",
      "\t",
      "content-length",
      "HTTP/1.1 200 ",
      "HTTP/1.1 100 ",
      ok(),
    );
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: part }), async (bytes) => {
        text = bytes;
        expect(await ask(provider)).toMatch(/^(ok|network|invalid_response)$/);
      }),
    );
  });
});

describe("a body", () => {
  it.each([
    ["before its answer", "", "network"],
    ["in the head of its answer", "HTTP/1.1 20", "network"],
    ["in its body", ok().slice(0, -5), "network"],
    ["in a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{", "network"],
    ["at the end of one that ends so", `HTTP/1.1 200 OK\r\n\r\n${answerText()}`, "ok"],
    ["at the end of one that was to end so", `HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${answerText()}`, "ok"],
  ])("whose connection is closed %s", async (_name, answer, outcome) => {
    const { server, provider } = await serveBytes(({ socket }) => void socket.end(answer));
    expect([await ask(provider), await ask(provider)]).toEqual([outcome, outcome]);
    expect(server.requests).toBe(2);
  });

  it("that comes before the request is sent whole counts", async () => {
    const server = closing(await startRawServer((socket) => socket.once("data", () => socket.pause().write(ok()))));
    const provider = connect(server.url);
    expect(await ask(provider, JSON.stringify("x".repeat(20_000_000)))).toBe("ok");
  });
});
