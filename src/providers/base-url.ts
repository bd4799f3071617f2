import { ConfigurationError } from "../model/errors.ts";
import type { Protocol } from "./protocol.ts";

export interface BaseUrl {
  /** `https://api.openai.com` */
  readonly origin: string;
  /** For messages: `api.openai.com:443`. */
  readonly host: string;
  /** Without the port; IPv6 in brackets. */
  readonly hostname: string;
  /** Without a slash at the end; empty for a bare origin. */
  readonly path: string;
  /** With its question mark; empty if there is none. Dated Azure URLs name an `api-version` there. */
  readonly query: string;
}

/** @throws ConfigurationError when `text` is no http or https URL, or holds a user name or password. */
export function parseBaseUrl(text: string): BaseUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !(url.protocol === "http:" || url.protocol === "https:")) {
    throw new ConfigurationError(
      `The base URL ${shown(text)} is no http or https URL. It should look like https://api.example.com/v1.`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new ConfigurationError(
      "The base URL holds a user name or password. Leave it out and give the key as the API key, or as a header.",
    );
  }
  const path = url.pathname.replace(/\/+$/, "");
  const endpoint = /\/(?:chat\/completions|completions|responses|embeddings|messages)$/.exec(path)?.[0];
  if (endpoint !== undefined) {
    throw new ConfigurationError(
      `The base URL ${shown(text)} names an endpoint. Leave ${endpoint} out: each request adds its own.`,
    );
  }
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return { origin: url.origin, host: `${url.hostname}:${port}`, hostname: url.hostname, path, query: url.search };
}

/**
 * Where a protocol's requests go below a base URL: path and query.
 *
 * `/v1` stands once. A bare origin gets it from the protocol; a base URL with a path of its own has it already, in whatever form
 * (`/v1`, `/openai/v1`, `/v1beta/openai`), as users of the OpenAI SDKs write it; Anthropic's SDKs leave it to the path. Another version in a
 * path (`/v2/rerank`) takes the place of the base URL's.
 */
export function requestPath(
  base: BaseUrl,
  protocol: Pick<Protocol, "path" | "baseUrlHasVersion" | "isBesideDeployments">,
): string {
  const hasVersion = base.path !== "" && (protocol.baseUrlHasVersion || base.path.endsWith("/v1"));
  if (/^\/v(?!1\/)\d/.test(protocol.path)) return base.path.replace(/\/v\d+$/, "") + protocol.path + base.query;
  const basePath = protocol.isBesideDeployments ? base.path.replace(/(\/openai)\/deployments\/[^/]+$/, "$1") : base.path;
  return basePath + (hasVersion ? protocol.path.replace(/^\/v1/, "") : protocol.path) + base.query;
}

/** A URL that cannot be read may hold a password all the same. */
function shown(text: string): string {
  return text.includes("@") ? "given" : JSON.stringify(text.replace(/\?.*$/s, ""));
}
