import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { closing } from "../support/closing.ts";
import { closedPortUrl, startRawServer } from "../support/raw-server.ts";
import { clientOf, ok, send, serve } from "./exchanges.ts";

describe("connections", () => {
  it("are used again, as many as there are exchanges at a time", async () => {
    const server = await serve(() => ok);
    const client = clientOf(server.url);
    for (let round = 0; round < 5; round += 1) {
      const outcomes = await Promise.all([send(client).outcome, send(client).outcome, send(client).outcome]);
      expect(outcomes.map(({ body }) => body.toString())).toEqual(["ok", "ok", "ok"]);
    }
    expect(server.connections()).toBe(3);
  });

  it.each([
    ["the server closes it", "HTTP/1.1 200 OK\r\nconnection: keep-alive, Close\r\ncontent-length: 2\r\n\r\nok"],
    ["it is of HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"],
    ["the server keeps it for a second alone", "HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nok"],
    ["a body has two ends", "HTTP/1.1 200 OK\r\ncontent-length: 7\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
    ["a second answer comes with the first", ok + ok.replace("200", "201")],
  ])("are not used again where %s", async (_name, answer) => {
    const server = await serve(() => answer);
    const client = clientOf(server.url);
    for (let sent = 1; sent <= 3; sent += 1) {
      expect(await send(client).outcome).toMatchObject({ statusCode: 200, body: Buffer.from("ok"), error: undefined });
      expect(server.connections()).toBe(sent);
    }
  });

  it("that read at the same time, piece by piece, do not mix their bytes", async () => {
    const sockets: Socket[] = [];
    const server = await serve((_index, socket) => {
      sockets.push(socket);
      return undefined;
    });
    const client = clientOf(server.url);
    const letters = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const exchanges = letters.map(() => send(client));
    await vi.waitFor(() => expect(sockets).toHaveLength(letters.length));
    for (const socket of sockets) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 90000\r\n\r\n");
    for (let piece = 0; piece < 3; piece += 1) {
      for (const [place, socket] of sockets.entries()) socket.write((letters[place] ?? "").repeat(30_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const bodies = await Promise.all(exchanges.map(async ({ outcome }) => (await outcome).body.toString()));
    expect(bodies.toSorted()).toEqual(letters.map((letter) => letter.repeat(90_000)));
  });

  it("of HTTP/1.0 are used again if the server says so", async () => {
    const server = await serve(
      () => "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\nkeep-alive: timeout=60\r\ncontent-length: 2\r\n\r\nok",
    );
    const client = clientOf(server.url);
    for (let sent = 0; sent < 3; sent += 1) await send(client).outcome;
    expect(server.connections()).toBe(1);
  });

  it("are not used again when the server may be about to close them", async () => {
    const server = await serve(() => ok);
    const client = clientOf(server.url);
    await send(client).outcome;
    const { now } = performance;
    vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + 4_100);
    onTestFinished(() => void vi.restoreAllMocks());
    expect(await send(client).outcome).toMatchObject({ statusCode: 200 });
    expect(server.connections()).toBe(2);
  });

  it("take no answer that nobody asked for: not as that of the next request", async () => {
    let idle: Socket | undefined;
    const server = await serve((_index, socket) => {
      idle = socket;
      return ok;
    });
    const client = clientOf(server.url);
    await send(client).outcome;
    idle?.write(ok.replace("200 OK", "299 FORGED"));
    if (idle !== undefined) await once(idle, "close");
    expect(await send(client).outcome).toMatchObject({ statusCode: 200 });
    expect(server.connections()).toBe(2);
  });

  it("are not used again by one whose answer came before its request was sent whole", async () => {
    const server = closing(
      await startRawServer((socket) => {
        socket.once("data", () => {
          socket.pause();
          socket.write(ok);
        });
      }),
    );
    const client = clientOf(server.url);
    expect(await send(client, "x".repeat(20_000_000)).outcome).toMatchObject({ statusCode: 200, error: undefined });
    expect(await send(client).outcome).toMatchObject({ statusCode: 200 });
    expect(server.connections()).toBe(2);
  });

  it("are given up when the server ends them, though it has not taken the request yet: the next one had to wait for ever", async () => {
    const server = closing(
      await startRawServer((socket, connection) => {
        if (connection > 0) socket.on("data", () => socket.write(ok));
        else socket.pause().end();
      }),
    );
    const client = clientOf(server.url, 1);
    expect(await send(client, "x".repeat(20_000_000)).outcome).toMatchObject({ error: "ERR_CLOSED_EARLY" });
    expect(await send(client).outcome).toMatchObject({ statusCode: 200 });
  });

  it("are no more than allowed; who waits for one is served in turn, and not if it is over", async () => {
    const server = await serve((index) => `HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${index}`);
    const client = clientOf(server.url, 1);
    const exchanges = Array.from({ length: 5 }, () => send(client));
    const [, second] = exchanges;
    if (second !== undefined) second.isOver = true;
    const outcomes = await Promise.all(exchanges.filter(({ isOver }) => !isOver).map(({ outcome }) => outcome));
    expect(outcomes.map(({ body }) => body.toString())).toEqual(["0", "1", "2", "3"]);
    expect(server.connections()).toBe(1);
  });

  it("that cannot be made fail one exchange each", async () => {
    const client = clientOf(await closedPortUrl(), 2);
    const outcomes = await Promise.all(Array.from({ length: 9 }, () => send(client).outcome));
    expect(outcomes.map(({ error }) => error)).toEqual(Array.from({ length: 9 }, () => "ECONNREFUSED"));
  });
});
