import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { silence } from "../support/scripted-server.ts";
import { ask, open, question, requestBytes, sendBytes, serveLive } from "./live-server.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** Texts are in the heap, what was read is not. V8 frees beside the program: what it has yet to free does not count. */
async function bytesOutsideOfHeap(): Promise<number> {
  for (let last = Infinity; ;) {
    collectGarbage();
    await setTimeout(50);
    const { arrayBuffers } = process.memoryUsage();
    if (arrayBuffers >= last) return arrayBuffers;
    last = arrayBuffers;
  }
}

const head = (...headers: string[]): string =>
  ["POST /v1/chat/completions HTTP/1.1", "host: localhost", ...headers, "", ""].join("\r\n");

describe("a body", () => {
  // The first: other tests leave much to free.
  it("is held once while its request waits", async () => {
    const { upstream, manager, port, url } = await serveLive(silence, { options: { concurrency: 1 } });
    const client = new AbortController();
    const blocking = ask(url, question, { signal: client.signal }).catch(() => "left");
    await upstream.until(() => upstream.inFlight === 1);
    const bytes = Buffer.from(requestBytes({ ...question, user: "x".repeat(8_000_000) }));
    const before = await bytesOutsideOfHeap();
    const sockets = await Promise.all(Array.from({ length: 4 }, () => open(port)));
    for (const socket of sockets) socket.write(bytes);
    await expect.poll(() => manager.limiterStatus().waiting).toBe(4);
    expect((await bytesOutsideOfHeap()) - before).toBeLessThan(12_000_000);
    for (const socket of sockets) socket.destroy();
    client.abort();
    expect(await blocking).toBe("left");
  });

  it("that breaks off while it is unpacked ends with its client", async () => {
    const { server, upstream, port } = await serveLive();
    const socket = await open(port);
    const packed = gzipSync(JSON.stringify(question));
    socket.write(head("content-encoding: gzip", `content-length: ${packed.length}`));
    socket.write(packed.subarray(0, 10));
    await expect.poll(() => server.open).toBe(1);
    socket.destroy();
    await server.idle();
    expect(upstream.ledger).toEqual([]);
  });

  it("in chunks that is too long is refused in words", async () => {
    const { upstream, port } = await serveLive();
    const socket = await open(port);
    let said = "";
    socket.on("data", (chunk: Buffer) => (said += chunk.toString("latin1")));
    socket.write(head("transfer-encoding: chunked"));
    const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(1 << 20, " "), Buffer.from("\r\n")]);
    let left = 80;
    const send = (): void => {
      while (left-- > 0 && socket.write(chunk));
    };
    socket.on("drain", send);
    send();
    await new Promise((resolve) => socket.on("close", resolve)); // an error before it is the server's right
    expect(said).toMatch(/^HTTP\/1\.1 413 [^]*"code":"request_too_large"/);
    expect(upstream.ledger).toEqual([]);
  });

  it("in chunks of one byte takes the room of its bytes, and goes on as it is", async () => {
    const { upstream, port } = await serveLive();
    const text = JSON.stringify({ ...question, user: "é".repeat(5_000) });
    const chunks = [...Buffer.from(text)].map((byte) => Buffer.from([0x31, 0x0d, 0x0a, byte, 0x0d, 0x0a]));
    const request = [Buffer.from(head("transfer-encoding: chunked", "connection: close")), ...chunks, Buffer.from("0\r\n\r\n")];
    expect(await sendBytes(port, Buffer.concat(request))).toMatch(/^HTTP\/1\.1 200 /);
    expect(upstream.ledger[0]?.body).toBe(text);
  });
});
