import type { Failure, FailureKind } from "../model/failure.ts";
import { maxBodyBytes } from "./response-body.ts";

/**
 * Understands an error of the connection, by its code.
 *
 * @param host Named in the message: `api.openai.com:443`.
 * @param inBody The error came after a status and headers.
 */
export function networkFailure(error: Error, host: string, inBody: boolean): Failure {
  const code = errorCode(error);
  const [kind, retryable, explain] = code === notHttp && inBody ? brokenOff : (meanings.get(code) ?? byPattern(code));
  return { kind, message: `${host}: ${explain} (${code === "Error" ? error.message : code})`, retryable };
}

/** The name of undici's parser errors. Their codes depend on its version. */
const notHttp = "HTTPParserError";

type Meaning = readonly [kind: FailureKind, retryable: boolean, explain: string];

/** By the codes of Node (system, DNS, TLS, zlib) and undici. */
const meanings: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ["ECONNREFUSED", ["network", true, "refused the connection: is the server running?"]],
  ["ENOTFOUND", ["network", true, "no such host: is the base URL right, and is there a network?"]],
  ["EAI_AGAIN", ["network", true, "the name could not be looked up: is there a network?"]],
  ["ENETUNREACH", ["network", true, "the network cannot be reached"]],
  ["EHOSTUNREACH", ["network", true, "the host cannot be reached"]],
  ["ECONNRESET", ["network", true, "the connection was reset"]],
  ["EPIPE", ["network", true, "the connection was closed while the request was sent"]],
  ["ETIMEDOUT", ["network", true, "the connection timed out"]],
  ["UND_ERR_CONNECT_TIMEOUT", ["network", true, "no connection within the time allowed for it"]],
  ["UND_ERR_SOCKET", ["network", true, "the server closed the connection before its answer was complete"]],
  ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", ["network", true, "the answer is not as long as its header says"]],
  [notHttp, ["invalid_response", true, "the answer is not HTTP: does the base URL name the right port?"]],
  ["UND_ERR_RES_EXCEEDED_MAX_SIZE", ["invalid_response", false, `the answer is longer than ${maxBodyBytes} bytes`]],
  ["ERR_BUFFER_TOO_LARGE", ["invalid_response", false, `the answer decodes to more than ${maxBodyBytes} bytes`]],
  ["UND_ERR_HEADERS_OVERFLOW", ["invalid_response", false, "the headers of the answer are too long"]],
  ["ERR_UNKNOWN_ENCODING", ["invalid_response", false, "the answer has a content-encoding that was not asked for"]],
  ["ERR_SSL_WRONG_VERSION_NUMBER", ["network", false, "does not speak TLS: should the base URL start with http://?"]],
  ["EPROTO", ["network", false, "TLS could not be agreed on: should the base URL start with http://?"]],
  ["UND_ERR_DESTROYED", ["cancelled", false, "the provider was closed"]],
  ["UND_ERR_CLOSED", ["cancelled", false, "the provider was closed"]],
  ["UND_ERR_INVALID_ARG", ["internal", false, "the request could not be put into HTTP"]],
  ["ERR_PROXY_AUTHENTICATION", ["network", false, "the proxy wants a name and password: http://NAME:PASSWORD@HOST:PORT"]],
  ["ERR_PROXY_REFUSED", ["network", false, "the proxy does not let it through"]],
  ["ERR_PROXY_UNAVAILABLE", ["network", true, "the proxy could not reach it"]],
  ["ERR_TLS_CERT_ALTNAME_INVALID", ["network", false, "the certificate is for another host"]],
  ["CERT_HAS_EXPIRED", ["network", false, "the certificate has expired"]],
  ["CERT_NOT_YET_VALID", ["network", false, "the certificate is not valid yet: is the clock right?"]],
]);

const brokenOff: Meaning = ["network", true, "the answer breaks off"];

/** Certificate errors have some twenty codes. None goes away by asking again. */
const certificateCode = /CERT|ISSUER|SELF_SIGNED|UNABLE_TO|CRL|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH/;

const encodingCode = /^(Z_|ERR_BROTLI|ERR__ERROR_FORMAT)/;

function byPattern(code: string): Meaning {
  if (encodingCode.test(code)) return ["invalid_response", true, "the answer is not in the content-encoding it claims"];
  if (!certificateCode.test(code)) return ["network", true, "the connection failed"];
  return ["network", false, "the certificate is not trusted; for one of your own see NODE_EXTRA_CA_CERTS"];
}

function errorCode(error: Error): string {
  if (error.name === notHttp) return notHttp;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
