import type { IncomingMessage, ServerResponse } from "node:http";
import { expect } from "vitest";
import { closing } from "../support/closing.ts";

/** Nothing of a provider's comes through: these are ours, and Node's. */
const allowed =
  /^(?:content-(?:type|length)|connection|keep-alive|date|transfer-encoding|cache-control|vary|allow|server-timing|www-authenticate|x-accel-buffering|(?:x-)?request-id|x-llmbatch-(?:provider|attempts|upstream-id|cache)|x-ratelimit-(?:limit|remaining|reset)-(?:requests|tokens)|retry-after(?:-ms)?|x-should-retry|age|access-control-[a-z-]+)$/;

/** Names of headers, among the bytes of responses, that no response may have. */
export function strangeHeadersOf(text: string): string[] {
  const heads = text.matchAll(/^HTTP\/1\.1 \d{3} [^\r\n]*\r\n((?:[^\r\n]+\r\n)+)\r\n/gm);
  const lines = [...heads].flatMap(([, head = ""]) => head.trimEnd().split("\r\n"));
  return lines.map((line) => line.split(":", 1)[0] ?? "").filter((name) => !allowed.test(name.toLowerCase()));
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** Looks at the headers of each response. The test fails that was answered with others. */
export function watchingHeaders(listener: Listener): Listener {
  const strange = new Set<string>();
  closing({ close: async () => expect([...strange], "headers that no client may see").toEqual([]) });
  return (request, response) => {
    // What Node wrote: `getHeaderNames()` leaves out what `writeHead()` was given.
    response.on("close", () => strangeHeadersOf(String(Reflect.get(response, "_header"))).forEach((name) => strange.add(name)));
    listener(request, response);
  };
}
