import type { HttpErrorCode } from "../http/http-client.ts";
import type { Failure, FailureKind } from "../model/failure.ts";
import { maxBodyBytes } from "./response-body.ts";

/**
 * Understands an error of the connection, by its code.
 *
 * @param host Named in the message: `api.openai.com:443`.
 */
export function networkFailure(error: Error, host: string): Failure {
  const code = errorCode(error);
  const [kind, retryable, explain] = meanings.get(code) ?? byPattern(code);
  return { kind, message: `${host}: ${explain} (${code === "Error" ? error.message : code})`, retryable };
}

type Meaning = readonly [kind: FailureKind, retryable: boolean, explain: string];

/** Those of our own HTTP client. */
const httpMeanings: Readonly<Record<HttpErrorCode, Meaning>> = {
  ERR_CONNECT_TIMEOUT: ["network", true, "no connection within the time allowed for it"],
  ERR_CLOSED_EARLY: ["network", true, "the server closed the connection before its answer was complete"],
  ERR_BODY_BROKEN: ["network", true, "the answer is broken off or garbled"],
  ERR_NOT_HTTP: ["invalid_response", true, "the answer is not HTTP: does the base URL name the right port?"],
  ERR_TRANSFER_ENCODING: ["invalid_response", false, "the answer has a transfer-encoding that was not asked for"],
  ERR_BODY_TOO_LONG: ["invalid_response", false, `the answer is longer than ${maxBodyBytes} bytes`],
  ERR_HEADERS_TOO_LONG: ["invalid_response", false, "the headers of the answer are too long"],
  ERR_CLIENT_CLOSED: ["cancelled", false, "the provider was closed"],
};

/** By code; the others are Node's (system, DNS, TLS, zlib). */
const meanings: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ...Object.entries(httpMeanings),
  ["ECONNREFUSED", ["network", true, "refused the connection: is the server running?"]],
  ["ENOTFOUND", ["network", true, "no such host: is the base URL right, and is there a network?"]],
  ["EAI_AGAIN", ["network", true, "the name could not be looked up: is there a network?"]],
  ["ENETUNREACH", ["network", true, "the network cannot be reached"]],
  ["EHOSTUNREACH", ["network", true, "the host cannot be reached"]],
  ["ECONNRESET", ["network", true, "the connection was reset"]],
  ["EPIPE", ["network", true, "the connection was closed while the request was sent"]],
  ["ETIMEDOUT", ["network", true, "the connection timed out"]],
  ["ERR_BUFFER_TOO_LARGE", ["invalid_response", false, `the answer decodes to more than ${maxBodyBytes} bytes`]],
  ["ERR_UNKNOWN_ENCODING", ["invalid_response", false, "the answer has a content-encoding that was not asked for"]],
  ["ERR_SSL_WRONG_VERSION_NUMBER", ["network", false, "does not speak TLS: should the base URL start with http://?"]],
  ["EPROTO", ["network", false, "TLS could not be agreed on: should the base URL start with http://?"]],
  ["ERR_PROXY_AUTHENTICATION", ["network", false, "the proxy wants a name and password: http://NAME:PASSWORD@HOST:PORT"]],
  ["ERR_PROXY_REFUSED", ["network", false, "the proxy does not let it through"]],
  ["ERR_PROXY_UNAVAILABLE", ["network", true, "the proxy could not reach it"]],
  ["ERR_TLS_CERT_ALTNAME_INVALID", ["network", false, "the certificate is for another host"]],
  ["CERT_HAS_EXPIRED", ["network", false, "the certificate has expired"]],
  ["CERT_NOT_YET_VALID", ["network", false, "the certificate is not valid yet: is the clock right?"]],
]);

/** Certificate errors have some twenty codes. None goes away by asking again. */
const certificateCode = /CERT|ISSUER|SELF_SIGNED|UNABLE_TO|CRL|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH/;

const encodingCode = /^(Z_|ERR_BROTLI|ERR__ERROR_FORMAT)/;

function byPattern(code: string): Meaning {
  if (encodingCode.test(code)) return ["invalid_response", true, "the answer is not in the content-encoding it claims"];
  if (!certificateCode.test(code)) return ["network", true, "the connection failed"];
  return ["network", false, "the certificate is not trusted; for one of your own see NODE_EXTRA_CA_CERTS"];
}

function errorCode(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
