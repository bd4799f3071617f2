import dns from "node:dns";
import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { closing } from "../../support/closing.ts";
import { connect } from "../../support/connected.ts";
import { startRawServer } from "../../support/raw-server.ts";
import { ask, ok, serveBytes } from "./raw-replies.ts";

describe("connections", () => {
  it("are used again, as many as there are requests at a time", async () => {
    const { server, provider } = await serveBytes(() => ok());
    for (let round = 0; round < 5; round += 1) {
      expect(await Promise.all([ask(provider), ask(provider), ask(provider)])).toEqual(["ok", "ok", "ok"]);
    }
    expect(server.connections()).toBe(3);
  });

  it("are no more than allowed; who waits for one is served in turn", async () => {
    const { server, provider } = await serveBytes(({ index }) => ok(`${index}`), { connections: 2 });
    const answers = await Promise.all(Array.from({ length: 7 }, () => ask(provider)));
    expect(answers).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
    expect(server.connections()).toBe(2);
  });

  it.each([
    ["the server closes it", ok("ok", "connection: keep-alive, Close\r\n")],
    ["it is of HTTP/1.0", ok("ok", "", "1.0")],
    ["the server keeps it for a second only", ok("ok", "keep-alive: timeout=1\r\n")],
    ["a second response comes with the first", ok() + ok("forged")],
    ["other bytes come with the response", `${ok()}garbage`],
  ])("are not used again where %s", async (_name, answer) => {
    const { server, provider } = await serveBytes(() => answer);
    for (let sent = 1; sent <= 3; sent += 1) {
      expect(await ask(provider)).toBe("ok");
      expect([server.connections(), server.requests]).toEqual([sent, sent]);
    }
  });

  it("of HTTP/1.0 are used again if the server says so", async () => {
    const { server, provider } = await serveBytes(() => ok("ok", "connection: keep-alive\r\nkeep-alive: timeout=60\r\n", "1.0"));
    for (let sent = 0; sent < 3; sent += 1) await ask(provider);
    expect(server.connections()).toBe(1);
  });

  it("are closed after 4 s without a request, before the server does it", async () => {
    let idle: Socket | undefined;
    const { provider } = await serveBytes(({ socket }) => {
      idle = socket;
      return ok();
    });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    await ask(provider);
    await new Promise(setImmediate); // its clock starts when it rests
    await new Promise(setImmediate);
    const closed = idle && once(idle, "close");
    vi.advanceTimersByTime(4_100);
    expect(await closed).toEqual([false]);
  });

  it("take no response that comes while they rest: it could be taken for that of the next request", async () => {
    let idle: Socket | undefined;
    const { server, provider } = await serveBytes(({ socket }) => {
      idle = socket;
      return ok();
    });
    await ask(provider);
    idle?.write(ok("forged"));
    if (idle !== undefined) await once(idle, "close");
    expect(await ask(provider)).toBe("ok");
    expect(server.connections()).toBe(2);
  });

  it("that read at the same time, piece by piece, do not mix their bytes", async () => {
    const sockets: Socket[] = [];
    const { provider } = await serveBytes(({ socket }) => {
      sockets.push(socket);
      return undefined;
    });
    const letters = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const answers = letters.map(() => ask(provider));
    await vi.waitFor(() => expect(sockets).toHaveLength(letters.length));
    const texts = letters.map((letter) => ok(letter.repeat(90_000)));
    for (let at = 0; at < 91_000; at += 30_000) {
      for (const [index, socket] of sockets.entries()) socket.write(texts[index]?.slice(at, at + 30_000) ?? "");
      await new Promise(setImmediate);
    }
    expect((await Promise.all(answers)).toSorted()).toEqual(letters.map((letter) => letter.repeat(90_000)));
  });

  it("are given up when the server ends them, though it has not taken the request yet", async () => {
    const server = closing(
      await startRawServer((socket, connection) => {
        if (connection > 0) socket.on("data", () => socket.write(ok()));
        else socket.pause().end();
      }),
    );
    const provider = connect(server.url, { connections: 1 });
    expect(await ask(provider, JSON.stringify("x".repeat(20_000_000)))).toBe("network");
    expect(await ask(provider)).toBe("ok");
  });

  it("that are being made are given up when the provider is closed", async () => {
    const provider = connect("http://192.0.2.1:9/v1", { allowHttp: true });
    const waiting = ask(provider);
    await provider.close();
    expect(await waiting).toSatisfy((kind) => kind === "cancelled" || kind === "network"); // where there is no way to 192.0.2.1
  });

  it("are made to the next address of a name where one is refused", async () => {
    const { server, provider } = await serveBytes(() => ok(), {}, "localhost");
    const addresses = ["127.0.0.2", "127.0.0.1"].map((address) => ({ address, family: 4 }));
    vi.spyOn(dns, "lookup").mockImplementation(((_name: string, _options: object, callback: (...found: unknown[]) => void) =>
      callback(null, addresses)) as never);
    onTestFinished(() => void vi.restoreAllMocks());
    expect(await ask(provider)).toBe("ok");
    expect(server.connections()).toBe(1);
  });
});

describe("a request on a connection that was used", () => {
  it("waits for the end that came with the last answer, and goes out on another", async () => {
    const { server, provider } = await serveBytes(({ socket }) => void socket.end(ok()));
    for (let sent = 0; sent < 20; sent += 1) expect(await ask(provider)).toBe("ok");
    expect(server.connections()).toBe(20);
  });

  it.each(["destroy", "resetAndDestroy", "end"] as const)(
    "goes out again, once and at once, where it meets the end: %s",
    async (how) => {
      const { server, provider } = await serveBytes(({ socket, turn }) => {
        if (turn === 0) return ok();
        socket[how]();
        return undefined;
      });
      expect(await ask(provider)).toBe("ok");
      expect(await ask(provider)).toBe("ok");
      expect([server.requests, server.connections()]).toEqual([3, 2]);
    },
  );

  it("goes out twice at most", async () => {
    const { server, provider } = await serveBytes(({ socket, index }) => {
      if (index === 0) return ok();
      socket.resetAndDestroy();
      return undefined;
    });
    await ask(provider);
    expect(await ask(provider)).toBe("network");
    expect(server.requests).toBe(3);
  });

  it.each(["HTTP/1.1 2", "HTTP/1.1 100 Continue\r\n\r\n"])(
    "does not go out again after a byte of its response came: %j",
    async (bytes) => {
      const { server, provider } = await serveBytes(({ socket, turn }) => {
        if (turn === 0) return ok();
        socket.write(bytes, () => socket.destroy());
        return undefined;
      });
      await ask(provider);
      expect(await ask(provider)).toBe("network");
      expect(server.requests).toBe(2);
    },
  );

  it("goes out once on a new one, whatever becomes of it", async () => {
    const { server, provider } = await serveBytes(({ socket }) => void socket.resetAndDestroy());
    expect(await ask(provider)).toBe("network");
    expect(server.requests).toBe(1);
  });
});
