/** What went wrong with a connection, where Node has no code of its own for it. */
export type HttpErrorCode =
  | "ERR_CONNECT_TIMEOUT"
  | "ERR_CLOSED_EARLY"
  | "ERR_NOT_HTTP"
  | "ERR_TRANSFER_ENCODING"
  | "ERR_HEADERS_TOO_LONG"
  | "ERR_BODY_BROKEN"
  | "ERR_BODY_TOO_LONG"
  | "ERR_CLIENT_CLOSED";

/** An exchange that failed on the way; other errors are Node's, with the codes of the system, of DNS and of TLS. */
export class HttpError extends Error {
  readonly code: HttpErrorCode;

  constructor(code: HttpErrorCode) {
    super(code);
    this.name = "HttpError";
    this.code = code;
  }
}
