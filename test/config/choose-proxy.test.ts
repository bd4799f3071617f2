import { describe, expect, it } from "vitest";
import { chooseProxy } from "../../src/config/choose-proxy.ts";

const both = { HTTPS_PROXY: "http://secure:1", HTTP_PROXY: "http://plain:2" };

describe("the proxy that the environment names", () => {
  it.each([
    ["https://api.openai.com/v1", both, "http://secure:1"],
    ["http://api.example.com/v1", both, "http://plain:2"],
    ["https://api.openai.com/v1", { HTTP_PROXY: "http://plain:2" }, undefined],
    ["http://api.example.com/v1", { HTTPS_PROXY: "http://secure:1" }, undefined],
    ["https://api.openai.com/v1", { ...both, https_proxy: "http://lower:3" }, "http://lower:3"],
    ["https://api.openai.com/v1", { ...both, https_proxy: "" }, undefined],
    ["https://api.openai.com/v1", { HTTPS_PROXY: " " }, undefined],
    ["http://localhost:11434/v1", both, undefined],
    ["http://127.0.0.1:8000/v1", both, undefined],
    ["https://127.1.2.3/v1", both, undefined],
    ["http://[::1]:8000/v1", both, undefined],
    ["nonsense", both, undefined],
    ["https://api.openai.com/v1", { ALL_PROXY: "http://all:4" }, "http://all:4"],
    ["http://api.example.com/v1", { ...both, all_proxy: "http://all:4" }, "http://plain:2"],
    ["https://api.openai.com/v1", { HTTPS_PROXY: "", ALL_PROXY: "http://all:4" }, undefined],
  ])("for %s, of %j, is %s", (address, environment, proxy) => {
    expect(chooseProxy(address, environment)).toBe(proxy);
  });
});

describe("NO_PROXY", () => {
  it.each([
    ["*", true],
    ["api.example.com", true],
    ["API.Example.COM", true],
    ["example.com", true],
    [".example.com", true],
    ["*.example.com", true],
    ["other.com, example.com", true],
    ["other.com example.com", true],
    ["api.example.com:8443", true],
    ["api.example.com:443", false],
    ["ample.com", false],
    ["api.example.com.evil.com", false],
    ["", false],
    [" , ", false],
    [".", false],
  ])("%j holds https://api.example.com:8443: %s", (list, isExempt) => {
    for (const name of ["NO_PROXY", "no_proxy"]) {
      const proxy = chooseProxy("https://api.example.com:8443/v1", { ...both, [name]: list });
      expect(proxy).toBe(isExempt ? undefined : "http://secure:1");
    }
  });

  it.each([
    ["http://10.1.2.3:8000", "10.0.0.0/8", true],
    ["http://11.1.2.3:8000", "10.0.0.0/8", false],
    ["http://10.1.2.3:8000", "10.1.2.3", true],
    ["http://10.1.2.3", "10.1.2.3:80", true],
    ["http://10.1.2.3", "10.0.0.0/99", false],
    ["http://[fd00::1]/v1", "fd00::1", true],
    ["http://[fd00::1]:8000/v1", "[fd00::1]:8000", true],
    ["http://[fd00::1]:8000/v1", "[fd00::1]:80", false],
  ])("%s in %j: %s", (address, list, isExempt) => {
    expect(chooseProxy(address, { ...both, NO_PROXY: list })).toBe(isExempt ? undefined : "http://plain:2");
  });
});
