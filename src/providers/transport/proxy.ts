import { Buffer } from "node:buffer";
import { ConfigurationError } from "../../model/errors.ts";

/** An HTTP proxy: it forwards requests of plain http, and for https it makes tunnels. */
export interface ProxyServer {
  /** `http://proxy.example.com:3128` */
  readonly origin: string;
  /** For messages: `proxy.example.com:3128`. */
  readonly host: string;
  readonly hostname: string;
  readonly port: number;
  readonly isTls: boolean;
  /** The value of its `proxy-authorization`; undefined if it wants none. */
  readonly authorization: string | undefined;
  /** For redaction. */
  readonly secrets: readonly string[];
}

/**
 * @param text `http://proxy.example.com:3128`, with or without its scheme, and with `NAME:PASSWORD@` if the proxy wants them.
 * @throws ConfigurationError when it is no address of an HTTP proxy. The address, which may hold a password, is not shown.
 */
export function parseProxy(text: string): ProxyServer {
  const address = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !(url.protocol === "http:" || url.protocol === "https:")) {
    throw new ConfigurationError(
      "The proxy's address (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY; in a program: proxy) is no http or https URL. " +
        "It should look like http://proxy.example.com:3128; SOCKS proxies cannot be used.",
    );
  }
  const isTls = url.protocol === "https:";
  const port = Number(url.port || (isTls ? 443 : 80));
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { origin: url.origin, host: `${url.hostname}:${port}`, hostname, port, isTls, ...credentialsOf(url) };
}

function credentialsOf({ username, password }: URL): Pick<ProxyServer, "authorization" | "secrets"> {
  if (username === "" && password === "") return { authorization: undefined, secrets: [] };
  const pair = `${decoded(username)}:${decoded(password)}`;
  return {
    authorization: `Basic ${Buffer.from(pair).toString("base64")}`,
    secrets: [pair, decoded(password), password, Buffer.from(pair).toString("base64")],
  };
}

/** A lone per cent sign stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
