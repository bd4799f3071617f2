import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer } from "../support/scripted-server.ts";
import { strangeHeadersOf } from "../server/allowed-headers.ts";
import { requestBytes } from "../server/live-server.ts";
import { Figures, isFullSize } from "./figures.ts";
import { residentMegabytes, startServing } from "./serving.ts";

const megabyte = 1 << 20;
const bodyMegabytes = 100;
const repeats = 5;
const json = JSON.stringify({ model: "m", messages: [] });
const head = (line: string, ...headers: string[]): string =>
  [line, "host: localhost", ...headers, "connection: close", "", ""].join("\r\n");
const post = (body: string | Buffer, ...headers: string[]): Buffer =>
  Buffer.concat([
    Buffer.from(head("POST /v1/chat/completions HTTP/1.1", `content-length: ${Buffer.byteLength(body)}`, ...headers)),
    Buffer.from(body),
  ]);
const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(megabyte, " "), Buffer.from("\r\n")]);
const chunked = Buffer.from(head("POST /v1/chat/completions HTTP/1.1", "transfer-encoding: chunked"));
const manyHeaders = Array.from({ length: 10_000 }, (_, at) => `x-${at}: 1`);

/** What is sent, piece by piece, and the status that refuses it; 0 where the connection is closed without one. */
const requests: Readonly<Record<string, readonly [status: number, pieces: readonly (string | Buffer)[]]>> = {
  "ten thousand headers": [431, [post(json, ...manyHeaders)]],
  "a body in an unknown encoding": [415, [post(json, "content-encoding: zstd")]],
  "no UTF-8": [400, [post(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))]],
  "a depth of 100,000": [400, [post(`{"messages":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)]],
  "a key of all objects": [400, [post('{"__proto__":{"model":"m"}}')]],
  "a length and chunks": [
    400,
    [head("POST /v1/chat/completions HTTP/1.1", "content-length: 5", "transfer-encoding: chunked"), "0\r\n\r\n", requestBytes()],
  ],
  "another host's name": [403, [requestBytes(undefined, { host: "rebound.example" })]],
  "a page's form": [403, [requestBytes(undefined, { origin: "https://evil.example", "content-type": "text/plain" })]],
  "another protocol": [0, ["GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"]],
  "a tunnel": [0, [head("CONNECT evil.example:443 HTTP/1.1")]],
  "a length of 100 GB": [413, [head("POST /v1/messages HTTP/1.1", "content-length: 99999999999")]],
};
/** Of 100 MB: the first 64 MiB are held before they are refused. */
const longBodies: typeof requests = {
  "a packed body of 100 MB": [413, [post(gzipSync(Buffer.alloc(100 * megabyte, " ")), "content-encoding: gzip")]],
  "a body of 100 MB in chunks": [413, [chunked, ...Array.from({ length: bodyMegabytes }, () => chunk)]],
};

/** In small: `server/hostile.test.ts`, one by one. */
it.skipIf(!isFullSize)("hostile requests take little memory, reach no provider, and disturb no others", async () => {
  const figures = new Figures("hostile requests");
  const upstream = await serve(() => chatAnswer());
  const { child, port, url } = await startServing(upstream.url);
  const ask = async (): Promise<number> => {
    const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", body: json });
    await response.text();
    return response.status;
  };
  for (let warm = 0; warm < 500; warm += 1) await ask();
  const asked = upstream.ledger.length;
  const wrong: string[] = [];
  let others = 0;
  const over = new AbortController();
  const goOn = async (): Promise<void> => {
    while (!over.signal.aborted) others += (await ask()) === 200 ? 1 : Number.NaN;
  };
  const going = goOn();
  const measure = async (names: typeof requests): Promise<number> => {
    const before = residentMegabytes(child);
    let most = before;
    for (let round = 0; round < repeats; round += 1)
      for (const [name, [status, pieces]] of Object.entries(names)) {
        const text = await send(port, pieces);
        most = Math.max(most, residentMegabytes(child));
        const got = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
        if (got !== status || strangeHeadersOf(text).length > 0) wrong.push(`${name}: ${text.slice(0, 300)}`);
      }
    return most - before;
  };
  await measure(requests);
  const small = await measure(requests);
  const large = await measure(longBodies);
  over.abort();
  await going;
  figures.atMost("MB more for the short ones", small, 16);
  figures.atMost(`MB more for bodies of ${bodyMegabytes} MB`, large, 128);
  figures.exactly("requests that the provider got and others did not send", upstream.ledger.length - asked - others, 0);
  figures.atLeast("others that were answered meanwhile", others, 1);
  expect(wrong).toEqual([]);
  expect(
    figures.missed(`${Object.keys(requests).length + Object.keys(longBodies).length} kinds of requests, ${repeats} times each`),
  ).toEqual([]);
});

/** @returns what came back until the connection was closed. */
async function send(port: number, pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (data: Buffer) => (text += data.toString("latin1")));
  socket.on("error", () => {}); // the server may close before it has read all
  const closed = new Promise((resolve) => socket.on("close", resolve));
  const left = [...pieces];
  const write = (): void => {
    for (let piece = left.shift(); piece !== undefined; piece = left.shift()) if (!socket.write(piece)) return;
  };
  socket.on("drain", write);
  write();
  await closed;
  return text;
}
