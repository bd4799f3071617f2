import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../../src/model/errors.ts";
import { parseProxy } from "../../../src/providers/transport/proxy.ts";
import { createHttpProvider, type Provider } from "../../../src/providers/providers.ts";
import { requestOf } from "../../contracts/provider.ts";
import { connect } from "../../support/connected.ts";
import { serveBehindProxy } from "../../support/proxy-server.ts";
import { closedPortUrl } from "../../support/raw-server.ts";
import { selfSignedCertificate } from "../self-signed.ts";

const { signal } = new AbortController();

function through(proxy: string, baseUrl: string): Provider {
  return connect(baseUrl, { proxy, apiKey: "sk-1234", allowHttp: true });
}

describe("a proxy for plain http", () => {
  it("is given the whole request, with the server's host and its own credentials, which are for it alone", async () => {
    const { server, proxy } = await serveBehindProxy();
    const provider = through(`http://me:p%40ss@${proxy.host}`, "http://api.example.invalid/v1?a=b");
    expect(await provider.send(requestOf(), { signal })).toMatchObject({ ok: true });
    expect(proxy.ledger).toMatchObject([{ method: "POST", target: "http://api.example.invalid/v1/chat/completions?a=b" }]);
    expect(proxy.ledger[0]?.headers).toMatchObject({
      host: "api.example.invalid",
      "proxy-authorization": `Basic ${Buffer.from("me:p@ss").toString("base64")}`,
      authorization: "Bearer sk-1234",
    });
    expect(server.ledger).toHaveLength(1);
  });

  it("changes no fingerprint", () => {
    const baseUrl = "http://api.example.invalid/v1";
    const direct = createHttpProvider({ name: "test", baseUrl, allowHttp: true });
    expect(through("http://127.0.0.1:9", baseUrl).endpoint(requestOf())).toBe(direct.endpoint(requestOf()));
  });

  it("does not make plain http to another machine any better", () => {
    expect(() => createHttpProvider({ name: "test", baseUrl: "http://h/v1", proxy: "http://127.0.0.1:9" })).toThrow(
      /--allow-http/,
    );
  });
});

describe("a proxy for https", () => {
  it("is asked for tunnels, and sees neither key nor path; the server's certificate is checked all the same", async () => {
    const { server, proxy } = await serveBehindProxy({ tls: selfSignedCertificate("api.example.invalid") });
    const provider = through(`http://me:secret@${proxy.host}`, "https://api.example.invalid:8443/v1");
    const attempt = await provider.send(requestOf(), { signal });
    expect(attempt).toMatchObject({ failure: { kind: "network", retryable: false } });
    expect(attempt.ok ? "" : attempt.failure.message).toMatch(
      /^api\.example\.invalid:8443 \(through the proxy 127\.0\.0\.1:\d+\): the certificate is not trusted/,
    );
    expect(server.ledger).toEqual([]);
    expect(proxy.ledger.map(({ method, target }) => [method, target])).toEqual([["CONNECT", "api.example.invalid:8443"]]);
    expect(proxy.ledger[0]?.headers).toEqual({
      host: "api.example.invalid:8443",
      connection: "close",
      "proxy-authorization": `Basic ${Buffer.from("me:secret").toString("base64")}`,
    });
  });

  it.each([
    [407, false, "wants a name and password"],
    [403, false, "does not let it through"],
    [502, true, "could not reach it"],
  ])("that says %i fails the request, to be asked again: %s", async (status, retryable, words) => {
    const { proxy } = await serveBehindProxy();
    proxy.refusal = status;
    const attempt = await through(`http://me:secret@${proxy.host}`, "https://api.example.invalid/v1").send(requestOf(), {
      signal,
    });
    expect(attempt).toMatchObject({ failure: { kind: "network", retryable } });
    expect(attempt.ok ? "" : attempt.failure.message).toContain(`(through the proxy ${proxy.host}): the proxy ${words}`);
    expect(JSON.stringify(attempt)).not.toContain("secret");
  });

  it("that does not listen is named", async () => {
    const address = await closedPortUrl();
    const attempt = await through(address, "https://api.example.invalid/v1").send(requestOf(), { signal });
    expect(attempt).toMatchObject({ failure: { kind: "network", retryable: true } });
    expect(attempt.ok ? "" : attempt.failure.message).toContain(new URL(address).host);
  });
});

describe("a proxy's address", () => {
  it.each([
    ["http://proxy.example:3128", "proxy.example:3128", false],
    ["proxy.example:3128", "proxy.example:3128", false],
    ["me:secret@proxy.example", "proxy.example:80", false],
    ["https://proxy.example/", "proxy.example:443", true],
    ["http://[::1]:8080", "[::1]:8080", false],
  ])("%s", (address, host, isTls) => {
    expect(parseProxy(address)).toMatchObject({ host, isTls });
  });

  it.each(["socks5://me:secret@proxy.example:1080", "http://me:secret@", "me:secret@proxy:port", "file:///secret"])(
    "%s is refused and not shown",
    (address) => {
      expect(() => parseProxy(address)).toThrow(ConfigurationError);
      expect(() => parseProxy(address)).not.toThrow(/secret/);
    },
  );
});
