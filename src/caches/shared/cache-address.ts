import { ConfigurationError } from "../../model/errors.ts";

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
  /** As it is, and as it stands in the address. */
  readonly passwords: readonly string[];
}

const kinds: Readonly<Record<string, CacheAddress["kind"]>> = {
  "redis:": "redis",
  "rediss:": "redis",
  "postgres:": "postgres",
  "postgresql:": "postgres",
};

const checkedModes: ReadonlySet<string | null> = new Set(["require", "verify-ca", "verify-full"]);

/** Whether a `cache_path` is the address of a server: `redis://…`. Anything else is a file. */
export function isCacheAddress(path: string | undefined): path is string {
  return path !== undefined && Object.hasOwn(kinds, `${schemeOf(path)}:`);
}

/** @throws ConfigurationError when it cannot be used; the message has no part of it that may be a password. */
export function parseCacheAddress(text: string): CacheAddress {
  const scheme = schemeOf(text);
  const kind = kinds[`${scheme}:`];
  const example = kind === "postgres" ? "postgres://user@host:5432/database" : "redis://host:6379";
  if (kind === undefined || !URL.canParse(text)) throw wrong(`expected an address such as ${example}`);
  const { protocol, host, hostname, pathname, password, searchParams, hash } = new URL(text);
  const socket = searchParams.get("host");
  if (kind === "redis" && (text.includes("?") || hash !== ""))
    throw wrong(`expected an address such as ${example}, without options`);
  // The driver would connect to that instead.
  if (searchParams.has("hostaddr") || searchParams.has("port") || (socket !== null && !socket.startsWith("/")))
    throw wrong("the server stands before the database, not in the options");
  if (host === "" && socket === null) throw wrong(`it names no server; expected an address such as ${example}`);
  const isChecked = checkedModes.has(searchParams.get("sslmode")) && !searchParams.has("uselibpqcompat");
  const inOptions = searchParams.get("password");
  return {
    kind,
    url: text,
    shown: `${protocol}//${host.toLowerCase()}${pathname === "/" ? "" : pathname}`,
    hostname: socket === null ? hostname.toLowerCase() : undefined,
    isEncrypted: protocol === "rediss:" || isChecked,
    passwords: [password, decoded(password), inOptions ?? ""].filter((secret) => secret !== ""),
  };
}

function schemeOf(text: string): string {
  return (/^([a-z]+):\/\//i.exec(text)?.[1] ?? "").toLowerCase();
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong("its password is not encoded as in addresses: % is written %25");
  }
}

function wrong(why: string): ConfigurationError {
  return new ConfigurationError(`--cache-path: ${why}`);
}
