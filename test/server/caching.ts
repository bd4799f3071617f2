import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { chatAnswer, type ReceivedCall, type Reply, streamed } from "../support/scripted-server.ts";

/** A request that says what the cache is to do. */
export function using(mode: string): RequestInit {
  return { headers: { "x-llmbatch-cache": mode } };
}

/** What is said of the cache, and the status. */
export async function told(response: Response): Promise<string> {
  await response.text();
  return `${response.headers.get("x-llmbatch-cache")} ${response.status}`;
}

/** Of a provider: `Hi`, as it was asked for. */
export function answer({ body }: ReceivedCall): Reply {
  return body.includes('"stream":true') ? streamed(chat([piece({ content: "Hi" }), piece({}, {}, "stop")])) : chatAnswer("Hi");
}
