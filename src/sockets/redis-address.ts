import { ConfigurationError } from "../model/errors.ts";
import { decodeCredential } from "./decode-credential.ts";

/** Where a Redis or Valkey is. */
export interface RedisAddress {
  /** With user and password: for drivers only. */
  readonly url: string;
  /** The same without them: for people. */
  readonly shown: string;
  /** As sockets take it: lower case, IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Empty where there is none, as the password is. */
  readonly username: string;
  readonly password: string;
  readonly database: number;
  readonly isEncrypted: boolean;
}

const example = "redis://host:6379";
const defaultPort = 6379;

/**
 * Reads `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, or `rediss://` for TLS.
 *
 * @param option Where it was given: `--queue`.
 * @throws ConfigurationError when it cannot be used; the message has no part of it that may be a password.
 */
export function parseRedisAddress(url: string, option: string): RedisAddress {
  const wrong = (why: string): ConfigurationError => new ConfigurationError(`${option}: ${why}`);
  if (!/^rediss?:\/\//i.test(url) || !URL.canParse(url))
    throw wrong(`expected an address such as ${example}, or rediss:// for TLS`);
  const { protocol, host, hostname, port, pathname, username, password, hash } = new URL(url);
  if (url.includes("?") || hash !== "") throw wrong(`expected an address such as ${example}, without options`);
  if (host === "") throw wrong(`it names no server; expected an address such as ${example}`);
  if (!/^(?:\/\d*)?$/.test(pathname)) throw wrong(`behind the server stands a database's number or nothing: ${example}/0`);
  return {
    url,
    shown: `${protocol}//${host.toLowerCase()}${pathname === "/" ? "" : pathname}`,
    hostname: hostname.toLowerCase().replaceAll(/^\[|\]$/g, ""),
    port: port === "" ? defaultPort : Number(port),
    username: decodeCredential(username, option),
    password: decodeCredential(password, option),
    database: Number(pathname.slice(1)),
    isEncrypted: protocol === "rediss:",
  };
}
