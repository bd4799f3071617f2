import { createSecureContext } from "node:tls";
import { ConfigurationError, messageOf } from "../../model/errors.ts";

/** Texts in PEM. */
export interface TlsSettings {
  /**
   * Authorities that are trusted instead of those that come with Node.
   *
   * @default Node's own, and those of NODE_EXTRA_CA_CERTS
   */
  readonly ca?: string;
  /** What this client shows to a server that asks for a certificate, and its key. */
  readonly cert?: string;
  readonly key?: string;
}

/** @throws ConfigurationError when a text is no PEM, or the key is not the certificate's. */
export function checkTls({ ca, cert, key }: TlsSettings): void {
  if ((cert === undefined) !== (key === undefined))
    throw new ConfigurationError("a client certificate and its key are needed together");
  try {
    createSecureContext({ ca, cert, key });
  } catch (error) {
    throw new ConfigurationError(`the certificates cannot be used: ${messageOf(error)}`, { cause: error });
  }
}
