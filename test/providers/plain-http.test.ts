import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../src/model/errors.ts";
import { createHttpProvider, createProvider } from "../../src/providers/providers.ts";
import { requestOf } from "../contracts/provider.ts";
import { serve } from "../support/closing.ts";
import { connect } from "../support/connected.ts";

function create(baseUrl: string, options: { allowHttp?: boolean } = {}): () => unknown {
  return () => createHttpProvider({ name: "test", baseUrl, apiKey: "sk-canary-0123456789", ...options });
}

const elsewhere = [
  "http://api.example.com/v1",
  "http://192.168.1.20:8000/v1",
  "http://10.0.0.1",
  "http://172.16.0.1/v1",
  "http://169.254.169.254",
  "http://[fe80::1]:8000/v1",
  "http://[fd00::1]/v1",
  "http://[::ffff:10.0.0.1]/v1",
  "http://0.0.0.0:8000/v1",
  "http://[::]:8000/v1",
  "http://128.0.0.1/v1",
  "http://126.255.255.255/v1",
  "http://1270.0.0.1.example/v1",
  "http://127.0.0.1.example.com/v1",
  "http://localhost.example.com/v1",
  "http://notlocalhost/v1",
  "http://127.0.0.1@evil.example/v1",
  "HTTP://EXAMPLE.COM/v1",
];

describe("plain http", () => {
  it.each([
    "http://localhost:11434/v1",
    "http://LOCALHOST/v1",
    "http://127.0.0.1:8000/v1",
    "http://127.255.0.9/v1",
    "http://127.1/v1",
    "http://0x7f000001/v1",
    "http://[::1]:8080/v1",
    "http://[0:0:0:0:0:0:0:1]/v1",
  ])("is fine within this machine: %s", (baseUrl) => {
    expect(create(baseUrl)).not.toThrow();
  });

  it.each(elsewhere)("is refused to any other host: %s", (baseUrl) => {
    expect(create(baseUrl)).toThrow(ConfigurationError);
    expect(create(baseUrl)).not.toThrow(/canary/);
  });

  it("is allowed by a switch, which makes nothing else allowed", () => {
    expect(create("http://192.168.1.20:8000/v1", { allowHttp: true })).not.toThrow();
    expect(create("http://user:password@192.168.1.20:8000/v1", { allowHttp: true })).toThrow(ConfigurationError);
  });

  it("is refused with the host, the reason and what to do", () => {
    expect(create("http://192.168.1.20:8000/v1")).toThrow(
      /192\.168\.1\.20:8000.*private network.*https.*--allow-http.*allowHttp: true/,
    );
    expect(create("http://0.0.0.0:8000/v1")).toThrow(/127\.0\.0\.1/);
  });

  it("is refused by presets, too", () => {
    expect(() => createProvider("openai", { baseUrl: "http://api.example.com/v1", apiKey: "sk-1234" })).toThrow(/--allow-http/);
  });

  it("reaches this machine by name", async () => {
    const { port } = await serve();
    const provider = connect(`http://localhost:${port}/v1`);
    const attempt = await provider.send(requestOf(), { signal: new AbortController().signal });
    expect(attempt.ok).toBe(true);
  });
});
