import { protocols } from "./protocols/protocols.ts";

/** By path. */
const known = new Map(protocols.map((protocol) => [protocol.path, protocol]));

/** What the model said in an answer of the API at `path`, parsed; undefined where its answers have no text, or nothing is known of it. */
export function textOfAnswer(path: string, body: unknown): string | undefined {
  return known.get(path)?.readText?.(body);
}

/** What an event of a stream adds to that text; empty where it adds nothing. */
export function textOfEvent(path: string, event: unknown): string {
  return known.get(path)?.streaming?.readText(event) ?? "";
}
