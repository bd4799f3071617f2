/** What ends a request on its way, where neither Node nor undici has a code for it. */
export type TransportErrorCode =
  | "ERR_NOT_HTTP"
  | "ERR_BODY_BROKEN"
  | "ERR_BODY_TOO_LONG"
  | "ERR_DECODED_BODY_TOO_LONG"
  | "ERR_UNKNOWN_ENCODING"
  | "ERR_PROVIDER_CLOSED"
  | "ERR_SPEAKS_TLS"
  | "ERR_PROXY_AUTHENTICATION"
  | "ERR_PROXY_REFUSED"
  | "ERR_PROXY_UNAVAILABLE";

/** A request failed on its way. Other errors are undici's (`UND_ERR_…`) and Node's: of the system, DNS, TLS and zlib. */
export class TransportError extends Error {
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode) {
    super(code);
    this.name = "TransportError";
    this.code = code;
  }
}
