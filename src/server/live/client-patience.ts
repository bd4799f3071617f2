import type { IncomingHttpHeaders } from "node:http";

/** How long a client says that it will wait, in milliseconds: OpenAI's and Anthropic's SDKs, in seconds. @returns undefined where it does not. */
export function clientPatienceMs(headers: IncomingHttpHeaders): number | undefined {
  const seconds = ["x-stainless-timeout", "x-stainless-read-timeout"]
    .map((name) => Number(headers[name] ?? Number.NaN))
    .filter((value) => value > 0);
  return seconds.length === 0 ? undefined : Math.min(...seconds) * 1000;
}

/** Whether the client asks for the second time or later. */
export function isRetry(headers: IncomingHttpHeaders): boolean {
  return Number(headers["x-stainless-retry-count"] ?? 0) >= 1;
}
