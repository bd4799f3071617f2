import { ConfigurationError } from "../model/errors.ts";
import { isLoopback } from "../sockets/loopback.ts";
import type { BaseUrl } from "./base-url.ts";

/**
 * Plain http shows key, prompts and answers to every machine on the way, in a private network too. Only requests to this machine go that
 * way unasked.
 *
 * @throws ConfigurationError for a base URL of plain http to any other host than this one.
 */
export function refusePlainHttp({ origin, host, hostname }: BaseUrl): void {
  if (origin.startsWith("https:") || isLoopback(hostname)) return;
  throw new ConfigurationError(
    `Plain http to ${host} would send key, prompts and answers readable to every machine on the way, in a private network too. ` +
      "Use https, or a tunnel to this machine (such as ssh -L), or, if you trust that network, " +
      `allow it with --allow-http (in a program: allowHttp: true).${hint(hostname)}`,
  );
}

/** Servers log the address they listen on, and people copy it. */
function hint(hostname: string): string {
  return hostname === "0.0.0.0" || hostname === "[::]" ? " A server on this machine is reached at 127.0.0.1." : "";
}
