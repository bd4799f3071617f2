import type { IncomingHttpHeaders } from "node:http";

const ofTimeouts = ["x-stainless-timeout", "x-stainless-read-timeout"];

/** How long a client says that it will wait, in milliseconds: OpenAI's and Anthropic's SDKs, in seconds. @returns undefined where it does not. */
export function clientPatienceMs(headers: IncomingHttpHeaders): number | undefined {
  let seconds = Infinity;
  for (const name of ofTimeouts) {
    const value = Number(headers[name] ?? Number.NaN);
    if (value > 0) seconds = Math.min(seconds, value);
  }
  return seconds === Infinity ? undefined : seconds * 1000;
}

/** Whether the client asks for the second time or later. */
export function isRetry(headers: IncomingHttpHeaders): boolean {
  return Number(headers["x-stainless-retry-count"] ?? 0) >= 1;
}
