import { execFile } from "node:child_process";
import { type IncomingHttpHeaders, request } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { connectTo, HttpClient, requestHead } from "../../src/http/http-client.ts";
import { clientOf, ok, RecordingExchange, send, serve } from "./exchanges.ts";
import { sampleResponses } from "./responses.ts";

const project = join(import.meta.dirname, "../..");

describe("an exchange", () => {
  it("that is aborted ends its connection, and no other's", async () => {
    const server = await serve((index) => (index === 0 ? undefined : ok));
    const client = clientOf(server.url);
    const first = send(client);
    while (first.carrier === undefined) await send(client).outcome;
    const before = server.connections();
    first.carrier.abort(first);
    const second = send(client);
    await second.outcome;
    second.carrier?.abort(first);
    second.carrier?.abort(second);
    expect(await send(client).outcome).toMatchObject({ error: undefined });
    expect(server.connections()).toBe(before);
  });

  it("that aborts while it hears of its answer has no connection to leave to others", async () => {
    const server = await serve(() => ok);
    const client = clientOf(server.url);
    const leaving = new RecordingExchange();
    const left = new Promise<void>((resolve) => {
      leaving.onData = () => {
        leaving.carrier?.abort(leaving);
        resolve();
      };
    });
    client.send(requestHead("h", "/", []), "<end>", leaving);
    await left;
    expect(await send(client).outcome).toMatchObject({ body: Buffer.from("ok"), error: undefined });
    expect(server.connections()).toBe(2);
  });

  it.each([
    ["before its answer", "", "ERR_CLOSED_EARLY"],
    ["in the head of its answer", "HTTP/1.1 20", "ERR_CLOSED_EARLY"],
    ["in its body", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok", "ERR_CLOSED_EARLY"],
    ["in a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nok", "ERR_CLOSED_EARLY"],
    ["at the end of one that ends so", "HTTP/1.1 200 OK\r\n\r\nok", undefined],
  ])("whose connection is closed %s", async (_name, answer, error) => {
    const server = await serve((_index, socket) => {
      socket.end(answer);
      return undefined;
    });
    const client = clientOf(server.url);
    expect(await send(client).outcome).toMatchObject({ error });
    expect(await send(client).outcome).toMatchObject({ error });
    expect(server.connections()).toBe(2);
  });

  it("fails when the client is closed, wherever it stands, and so does each one after that", async () => {
    const server = await serve(() => undefined);
    const client = clientOf(server.url, 1);
    const inFlight = send(client);
    const waiting = send(client);
    while (inFlight.carrier === undefined) await new Promise(setImmediate);
    await client.close();
    const late = send(client);
    for (const { outcome } of [inFlight, waiting, late]) expect(await outcome).toMatchObject({ error: "ERR_CLIENT_CLOSED" });
  });

  it("that waits for a connection does not hold up the closing", async () => {
    const client = new HttpClient({ connect: connectTo({ isTls: false, hostname: "192.0.2.1", port: 9 }), maxBodyBytes: 10 });
    const waiting = send(client);
    await client.close();
    expect((await waiting.outcome).error).toBe("ERR_CLIENT_CLOSED");
  });
});

describe("a client that is not closed", () => {
  it("does not keep its program alive, once there is nothing to wait for", async () => {
    const server = await serve(() => ok);
    const client = JSON.stringify(join(project, "dist/http/http-client.js"));
    const program = `
      const { connectTo, HttpClient, parseOrigin, requestHead } = await import(${client});
      const client = new HttpClient({ connect: connectTo(parseOrigin("${server.url}")), maxBodyBytes: 10 });
      const [onStart, onHead, onData, onError] = [() => {}, () => {}, () => {}, (error) => console.log(error)];
      client.send(requestHead("h", "/", []), "<end>", { onStart, onHead, onData, onError, onEnd: () => console.log("answered") });
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
    expect(stdout).toBe("answered\n");
  });
});

describe("what is read", () => {
  it("is what Node's own client reads, and what was sent", async () => {
    let bytes: Buffer = Buffer.alloc(0);
    const server = await serve(() => bytes);
    const client = clientOf(server.url);
    await fc.assert(
      fc.asyncProperty(sampleResponses, async (sample) => {
        bytes = sample.bytes;
        const ours = await send(client).outcome;
        const theirs = await sendWithNode(server.url);
        expect([ours.statusCode, ours.body.toString("hex")]).toEqual([theirs.statusCode, theirs.body.toString("hex")]);
        expect(ours.body.equals(sample.body)).toBe(true);
        for (const [name, value] of Object.entries(ours.headers)) expect([value].flat().join(", ")).toBe(theirs.headers[name]);
        expect(Object.keys(ours.headers).toSorted()).toEqual(Object.keys(theirs.headers).toSorted());
      }),
    );
  });
});

function sendWithNode(url: string): Promise<{ statusCode: number; headers: IncomingHttpHeaders; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: "POST", agent: false, insecureHTTPParser: true }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ statusCode: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    call.on("error", reject);
    call.end("<end>");
  });
}
