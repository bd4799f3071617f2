import { errorCode } from "../../model/errors.ts";
import type { Failure, FailureKind } from "../../model/failure.ts";
import { maxBodyBytes, maxEmbeddingsBytes, maxExpansion } from "../body-limits.ts";
import type { TransportErrorCode } from "./transport-error.ts";

/**
 * Understands an error of the connection, by its code.
 *
 * @param host Named in the message: `api.openai.com:443`.
 */
export function networkFailure(error: Error, host: string): Failure {
  const code = errorCode(error) ?? error.name;
  const [kind, retryable, explain] = meanings.get(code) ?? byPattern(code);
  // TLS and proxies refuse every request alike; so does a port that speaks something else.
  const isForAll = (kind === "network" && !retryable) || explain === notHttp;
  const message = `${host}: ${explain} (${code === "Error" ? error.message : code})`;
  return { kind, message, retryable, ...(isForAll && { isForAll }), ...(localCodes.has(code) && { isLocal: true }) };
}

type Meaning = readonly [kind: FailureKind, retryable: boolean, explain: string];

const mebibytes = (bytes: number): string => `${bytes / 2 ** 20} MiB`;
const maxLength = `${mebibytes(maxBodyBytes)} (embeddings ${mebibytes(maxEmbeddingsBytes)}): ask for less in one line`;
const notHttp = "the answer is not HTTP: does the base URL name the right port, or should it start with https://?";

const ownMeanings: Readonly<Record<TransportErrorCode, Meaning>> = {
  ERR_NOT_HTTP: ["invalid_response", true, notHttp],
  ERR_BODY_BROKEN: ["network", true, "the answer is broken off or garbled"],
  ERR_BODY_TOO_LONG: ["invalid_response", false, `the answer is longer than ${maxLength}`],
  ERR_DECODED_BODY_TOO_LONG: [
    "invalid_response",
    false,
    `the answer decodes to more than ${maxLength}, or to ${maxExpansion} times its length`,
  ],
  ERR_UNKNOWN_ENCODING: ["invalid_response", false, "the answer has a content-encoding that was not asked for"],
  ERR_SPEAKS_TLS: ["network", false, "speaks TLS: should the base URL start with https://?"],
  ERR_PROVIDER_CLOSED: ["cancelled", false, "the provider was closed"],
  ERR_PROXY_AUTHENTICATION: ["network", false, "the proxy wants a name and password: http://NAME:PASSWORD@HOST:PORT"],
  ERR_PROXY_REFUSED: ["network", false, "the proxy does not let it through"],
  ERR_PROXY_UNAVAILABLE: ["network", true, "the proxy could not reach it"],
};

const tooManyOpen = "this machine has no file descriptor left for a connection; ulimit -n says how many a program may have";
/** Of shortages on this machine. */
const localCodes: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOBUFS"]);

const closedEarly: Meaning = ["network", true, "the server closed the connection before its answer was complete"];
const noConnection: Meaning = ["network", true, "no connection within the time allowed for it"];
const isTlsMissing = "should the base URL start with http://?";

/** By code; those that are not our own are undici's and Node's (system, DNS, TLS, zlib). */
const meanings: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ...Object.entries(ownMeanings),
  ["UND_ERR_CONNECT_TIMEOUT", noConnection],
  ["UND_ERR_HEADERS_TIMEOUT", noConnection], // of a proxy that is to make a tunnel: for answers that clock is off
  ["UND_ERR_SOCKET", closedEarly],
  ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", closedEarly],
  ["UND_ERR_HEADERS_OVERFLOW", ["invalid_response", false, "the headers of the answer are too long"]],
  ["EMFILE", ["network", true, tooManyOpen]],
  ["ENFILE", ["network", true, tooManyOpen]],
  ["ENOBUFS", ["network", true, "this machine has no memory left for a connection"]],
  ["ECONNREFUSED", ["network", true, "refused the connection: is the server running?"]],
  ["ENOTFOUND", ["network", true, "no such host: is the base URL right, and is there a network?"]],
  ["EAI_AGAIN", ["network", true, "the name could not be looked up: is there a network?"]],
  ["ENETUNREACH", ["network", true, "the network cannot be reached"]],
  ["EHOSTUNREACH", ["network", true, "the host cannot be reached"]],
  ["ECONNRESET", ["network", true, "the connection was reset"]],
  ["EPIPE", ["network", true, "the connection was closed while the request was sent"]],
  ["ETIMEDOUT", ["network", true, "the connection timed out"]],
  ["ERR_SSL_WRONG_VERSION_NUMBER", ["network", false, `does not speak TLS: ${isTlsMissing}`]],
  ["ERR_SSL_PACKET_LENGTH_TOO_LONG", ["network", false, `does not speak TLS: ${isTlsMissing}`]],
  ["EPROTO", ["network", false, `TLS could not be agreed on: ${isTlsMissing}`]],
  ["ERR_TLS_CERT_ALTNAME_INVALID", ["network", false, "the certificate is for another host"]],
  ["CERT_HAS_EXPIRED", ["network", false, "the certificate has expired"]],
  ["CERT_NOT_YET_VALID", ["network", false, "the certificate is not valid yet: is the clock right?"]],
]);

/** Certificate errors have some twenty codes. None goes away by asking again. */
const certificateCode = /CERT|ISSUER|SELF_SIGNED|UNABLE_TO|CRL|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH/;

const encodingCode = /^(Z_|ERR_BROTLI|ERR__ERROR_FORMAT)/;

function byPattern(code: string): Meaning {
  if (encodingCode.test(code)) return ["invalid_response", true, "the answer is not in the content-encoding it claims"];
  if (code.startsWith("HPE_")) return ["invalid_response", true, notHttp];
  if (!certificateCode.test(code)) return ["network", true, "the connection failed"];
  return ["network", false, "the certificate is not trusted; for one of your own see NODE_EXTRA_CA_CERTS"];
}
