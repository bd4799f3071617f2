import { readFileSync } from "node:fs";
import type { Environment } from "../config/environment.ts";
import type { Options } from "../config/options.ts";
import { ConfigurationError } from "../model/errors.ts";
import { asConfigurationError } from "../model/system-error.ts";
import type { TlsSettings } from "../providers/providers.ts";

/**
 * What TLS needs of files: the authorities of SSL_CERT_FILE, which replace Node's own as they do OpenSSL's, beside those of
 * NODE_EXTRA_CA_CERTS; and the client's certificate, which like a key is for the named provider alone.
 *
 * @throws ConfigurationError when a file cannot be read, or one of certificate and key is missing.
 */
export function readTlsFiles(name: string, options: Options, environment: Environment): { readonly tls?: TlsSettings } {
  const { SSL_CERT_FILE: authorities, NODE_EXTRA_CA_CERTS: more } = environment;
  const { client_cert: cert, client_key: key, provider } = options;
  if ((cert === undefined) !== (key === undefined))
    throw new ConfigurationError("--client-cert and --client-key are needed together");
  const own = authorities && { ca: [read("SSL_CERT_FILE", authorities), more && read("NODE_EXTRA_CA_CERTS", more)].join("\n") };
  const client = name === provider &&
    cert !== undefined &&
    key !== undefined && { cert: read("--client-cert", cert), key: read("--client-key", key) };
  return own || client ? { tls: { ...own, ...client } } : {};
}

function read(what: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw asConfigurationError(`${what}: cannot read ${path}`, error);
  }
}
