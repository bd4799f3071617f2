import { describe, expect, it } from "vitest";
import { networkFailure } from "../../../src/providers/failures/network-failure.ts";

function failureOf(code: string | undefined): ReturnType<typeof networkFailure> {
  return networkFailure(Object.assign(new Error("words"), code === undefined ? {} : { code }), "api.example.com:443");
}

describe("errors of the connection", () => {
  it.each(["EMFILE", "ENFILE", "ENOBUFS"])("%s is a shortage of this machine, and says nothing of the server", (code) => {
    expect(failureOf(code)).toMatchObject({ kind: "network", retryable: true, isLocal: true });
    expect(failureOf(code).message).toContain("this machine");
    expect(failureOf("ECONNREFUSED").isLocal).toBeUndefined();
  });

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
    ["ERR_BODY_BROKEN", "network", true],
    ["E_NEW_AND_UNHEARD_OF", "network", true],
    ["CERT_HAS_EXPIRED", "network", false],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "network", false],
    ["SELF_SIGNED_CERT_IN_CHAIN", "network", false],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "network", false],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "network", false],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "network", false],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "network", false],
    ["ERR_BODY_TOO_LONG", "invalid_response", false],
    ["ERR_DECODED_BODY_TOO_LONG", "invalid_response", false],
    ["UND_ERR_HEADERS_OVERFLOW", "invalid_response", false],
    ["ERR_NOT_HTTP", "invalid_response", true],
    ["Z_DATA_ERROR", "invalid_response", true],
    ["ERR__ERROR_FORMAT_PADDING_1", "invalid_response", true],
    ["ERR_PROVIDER_CLOSED", "cancelled", false],
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
});
