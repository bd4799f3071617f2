import type { Socket } from "node:net";
import type { Attempt } from "../../../src/model/attempt.ts";
import type { HttpProviderOptions, Provider } from "../../../src/providers/providers.ts";
import { requestOf } from "../../contracts/provider.ts";
import { closing } from "../../support/closing.ts";
import { connect } from "../../support/connected.ts";
import { type RawServer, startRawServer } from "../../support/raw-server.ts";
import { chatAnswer } from "../../support/replies.ts";

const { signal } = new AbortController();

export const answerText = (content = "ok"): string => JSON.stringify(chatAnswer(content).body);

/** A whole response with an answer in it. */
export function ok(content?: string, fields = "", version = "1.1"): string {
  const body = answerText(content);
  return `HTTP/${version} 200 OK\r\n${fields}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Which request it is, and what it came by. */
export interface RawCall {
  readonly index: number;
  readonly socket: Socket;
  readonly connection: number;
  /** 0 for the first of its connection. */
  readonly turn: number;
}

/** A server that writes to each request, once it is in, the bytes that `reply` gives; none for undefined. And a provider that asks it. */
export async function serveBytes(
  reply: (call: RawCall) => string | Buffer | undefined,
  options: Partial<HttpProviderOptions> = {},
  host = "127.0.0.1",
): Promise<{ server: RawServer & { readonly requests: number }; provider: Provider }> {
  let requests = 0;
  const raw = await startRawServer((socket, connection) => {
    let text = "";
    let turn = 0;
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      for (let end = endOfRequest(text); end !== undefined; end = endOfRequest(text)) {
        text = text.slice(end);
        const answer = reply({ index: requests, socket, connection, turn });
        requests += 1;
        turn += 1;
        if (answer !== undefined && !socket.destroyed) socket.write(answer);
      }
    });
  });
  const server = Object.defineProperty({ ...closing(raw), requests }, "requests", { get: () => requests });
  return { server, provider: connect(`http://${host}:${raw.port}`, options) };
}

/** What became of one request, in a word: the answer's content, or the kind of its failure. */
export async function ask(provider: Provider, body?: string): Promise<unknown> {
  return outcomeOf(await provider.send(requestOf(body), { signal }));
}

export function outcomeOf(attempt: Attempt): unknown {
  return attempt.ok ? JSON.parse(attempt.response.body).choices[0].message.content : attempt.failure.kind;
}

function endOfRequest(text: string): number | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const whole = end + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
  return text.length < whole ? undefined : whole;
}
