import { request } from "node:http";
import { text as readText } from "node:stream/consumers";

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** One POST over a real socket. Retries nothing, hides nothing. */
export async function ask(url: string, path: string, body: string, signal?: AbortSignal): Promise<Answered> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url + path, { method: "POST", headers, body, ...(signal && { signal }) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

export function askChat(url: string, body: string, signal?: AbortSignal): Promise<Answered> {
  return ask(url, "/chat/completions", body, signal);
}

export function chatBody(question: string, more: object = {}): string {
  return JSON.stringify({ model: "mock-chat", messages: [{ role: "user", content: question }], ...more });
}

/** Reads what the server says over HTTP of its own ledger. */
export async function readStats(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(new URL("/stats", url));
  return JSON.parse(await response.text());
}

/** Sends a body in pieces, without saying how long it is. */
export function askInPieces(url: string, pieces: Iterable<Buffer>): Promise<Pick<Answered, "status" | "text">> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}/chat/completions`, { method: "POST" }, (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
    call.on("error", reject);
    for (const piece of pieces) call.write(piece);
    call.end();
  });
}

/** Waits for something that is bound to happen; if it does not, the test runs into its time limit and names this line. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
