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

/** What has to stand in a body for its stream to tell its usage, as JSON text: `"stream_options":{…}`; undefined where streams do by themselves. */
export function usageMember(path: string): string | undefined {
  const options = known.get(path)?.streaming?.members.get("stream_options");
  return options && `"stream_options":${options}`;
}
