import { ConfigurationError } from "../../model/errors.ts";
import { decodeCredential } from "../../sockets/decode-credential.ts";
import { parseRedisAddress } from "../../sockets/redis-address.ts";

/** Where a cache is that machines share. */
export interface CacheAddress {
  readonly kind: "redis" | "postgres";
  /** With user and password: for drivers only. */
  readonly url: string;
  /** The same without them: for people. */
  readonly shown: string;
  /** Undefined for a socket on this machine. */
  readonly hostname: string | undefined;
  /** Whether the driver speaks TLS and checks whom it speaks to. */
  readonly isEncrypted: boolean;
}

const kinds: Readonly<Record<string, CacheAddress["kind"]>> = {
  redis: "redis",
  rediss: "redis",
  postgres: "postgres",
  postgresql: "postgres",
};

const option = "--cache-path";
const checkedModes: ReadonlySet<string | null> = new Set(["require", "verify-ca", "verify-full"]);

/** Whether a `cache_path` is the address of a server: `redis://…`. Anything else is a file. */
export function isCacheAddress(path: string | undefined): path is string {
  return path !== undefined && Object.hasOwn(kinds, schemeOf(path));
}

/** @throws ConfigurationError when it cannot be used; the message has no part of it that may be a password. */
export function parseCacheAddress(text: string): CacheAddress {
  if (kinds[schemeOf(text)] === "postgres") return parsePostgresAddress(text);
  return { kind: "redis", ...parseRedisAddress(text, option) };
}

function parsePostgresAddress(url: string): CacheAddress {
  const example = "postgres://user@host:5432/database";
  if (!URL.canParse(url)) throw wrong(`expected an address such as ${example}`);
  const { protocol, host, hostname, pathname, password, searchParams } = new URL(url);
  const socket = searchParams.get("host");
  // The driver would connect to that instead.
  if (searchParams.has("hostaddr") || searchParams.has("port") || (socket !== null && !socket.startsWith("/")))
    throw wrong("the server stands before the database, not in the options");
  if (host === "" && socket === null) throw wrong(`it names no server; expected an address such as ${example}`);
  decodeCredential(password, option); // the driver's own error says only that an address is malformed
  return {
    kind: "postgres",
    url,
    shown: `${protocol}//${host.toLowerCase()}${pathname === "/" ? "" : pathname}`,
    hostname: socket === null ? hostname.toLowerCase() : undefined,
    isEncrypted: checkedModes.has(searchParams.get("sslmode")) && !searchParams.has("uselibpqcompat"),
  };
}

function schemeOf(text: string): string {
  return (/^([a-z]+):\/\//i.exec(text)?.[1] ?? "").toLowerCase();
}

function wrong(why: string): ConfigurationError {
  return new ConfigurationError(`${option}: ${why}`);
}
