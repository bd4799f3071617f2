import type { IncomingHttpHeaders } from "node:http";

/** They change what is answered. All others say who asks, or belong to the connection. */
const forwarded = ["anthropic-version", "anthropic-beta", "openai-beta"] as const;

const maxLength = 1000;

/** Of a client's headers, those that go on to the provider. */
export function forwardedHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of forwarded) {
    const value = headers[name];
    if (typeof value === "string" && value.length <= maxLength && /^[\x20-\x7e]+$/.test(value)) found[name] = value;
  }
  return found;
}
