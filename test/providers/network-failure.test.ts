import { describe, expect, it } from "vitest";
import { networkFailure } from "../../src/providers/network-failure.ts";

function failureOf(code: string | undefined, inBody = false): ReturnType<typeof networkFailure> {
  return networkFailure(Object.assign(new Error("words"), code === undefined ? {} : { code }), "api.example.com:443", inBody);
}

describe("errors of the connection", () => {
  it.each([
    ["ECONNREFUSED", "network", true],
    ["ECONNRESET", "network", true],
    ["ETIMEDOUT", "network", true],
    ["EPIPE", "network", true],
    ["ENOTFOUND", "network", true],
    ["EAI_AGAIN", "network", true],
    ["ENETUNREACH", "network", true],
    ["EHOSTUNREACH", "network", true],
    ["UND_ERR_SOCKET", "network", true],
    ["UND_ERR_CONNECT_TIMEOUT", "network", true],
    ["UND_ERR_HEADERS_TIMEOUT", "network", true],
    ["UND_ERR_BODY_TIMEOUT", "network", true],
    ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "network", true],
    ["E_NEW_AND_UNHEARD_OF", "network", true],
    ["CERT_HAS_EXPIRED", "network", false],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "network", false],
    ["SELF_SIGNED_CERT_IN_CHAIN", "network", false],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "network", false],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "network", false],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "network", false],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "network", false],
    ["UND_ERR_RES_EXCEEDED_MAX_SIZE", "invalid_response", false],
    ["ERR_BUFFER_TOO_LARGE", "invalid_response", false],
    ["Z_DATA_ERROR", "invalid_response", true],
    ["ERR__ERROR_FORMAT_PADDING_1", "invalid_response", true],
    ["UND_ERR_DESTROYED", "cancelled", false],
    ["UND_ERR_INVALID_ARG", "internal", false],
  ])("%s is %s, retryable: %s", (code, kind, retryable) => {
    const failure = failureOf(code);
    expect(failure).toMatchObject({ kind, retryable });
    expect(failure.message).toMatch(/^api\.example\.com:443: .+ \([A-Z_0-9]+\)$/);
    expect(failure.message).toContain(code);
  });

  it("says what an error without a code says", () => {
    expect(failureOf(undefined)).toEqual({
      kind: "network",
      message: "api.example.com:443: the connection failed (words)",
      retryable: true,
    });
  });

  it("tells an answer that is no HTTP from one that breaks off", () => {
    const error = Object.assign(new Error("Invalid EOF state"), { name: "HTTPParserError", code: undefined });
    expect(networkFailure(error, "h:1", false)).toMatchObject({ kind: "invalid_response", retryable: true });
    expect(networkFailure(error, "h:1", true)).toMatchObject({ kind: "network", retryable: true });
  });
});
