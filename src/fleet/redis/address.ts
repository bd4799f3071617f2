import { ConfigurationError } from "../../model/errors.ts";

/** Where a fleet meets. */
export interface FleetAddress {
  /** For people: without user and password. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls: boolean;
  /** All keys in Redis begin with it. */
  readonly prefix: string;
}

const loopback = /^(?:localhost|127(?:\.\d+){3}|::1)$/;
const defaultPort = 6379;

/**
 * Reads `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`, or `rediss://` for TLS.
 *
 * @param allowHttp Whether lines may go to another machine in clear.
 * @throws ConfigurationError when it is no such address, or they would without leave.
 */
export function parseAddress(queue: string, prefix: string, allowHttp: boolean): FleetAddress {
  const url = URL.canParse(queue) ? new URL(queue) : undefined;
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === "" || !/^(?:\/\d*)?$/.test(url.pathname))
    throw new ConfigurationError("--queue takes the address of a Redis or Valkey: redis://HOST:6379, or rediss:// for TLS", {
      option: "queue",
    });
  const host = url.hostname.replaceAll(/^\[|\]$/g, "");
  const tls = url.protocol === "rediss:";
  if (!tls && !allowHttp && !loopback.test(host))
    throw new ConfigurationError(
      `--queue: lines and answers would go to ${host} in clear; use rediss://, or give --allow-http in a network that you trust`,
      { option: "queue" },
    );
  if (!/^[\w.{}-]+$/.test(prefix))
    throw new ConfigurationError("--queue-prefix takes letters, digits and any of . _ - { }", { option: "queue_prefix" });
  const port = url.port === "" ? defaultPort : Number(url.port);
  const username = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  return {
    name: `${url.protocol}//${url.hostname}:${port}`,
    host,
    port,
    ...(username !== "" && { username }),
    ...(password !== "" && { password }),
    db: Number(url.pathname.slice(1)),
    tls,
    prefix,
  };
}
