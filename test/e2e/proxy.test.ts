import { describe, expect, it } from "vitest";
import { selfSignedCertificate } from "../providers/self-signed.ts";
import { type Proxied, serveBehindProxy } from "../support/proxy-server.ts";
import type { ScriptedServerOptions } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

async function start(
  options?: ScriptedServerOptions,
  proxyTls?: ScriptedServerOptions["tls"],
): Promise<Proxied & { user: Workplace }> {
  const user = new Workplace();
  user.write("in.jsonl", questions(20));
  return { ...(await serveBehindProxy(options, proxyTls)), user };
}

const files = ["-o", "out.jsonl", "--log", "log.jsonl"];

describe("the proxy that the environment names", () => {
  it("takes https to its server through tunnels, as many as there are connections", async () => {
    const certificate = selfSignedCertificate("api.example.invalid");
    const { server, proxy, user } = await start({ tls: certificate });
    user.environment["SSL_CERT_FILE"] = user.write("authority.pem", certificate.cert);
    user.environment["HTTPS_PROXY"] = `http://me:canary%40@${proxy.host}`;
    const finished = await user.runHere(["run", "in.jsonl", "--base-url", "https://api.example.invalid/v1", "-c", "2", ...files]);
    expect(finished.code, finished.stderr).toBe(0);
    expect(server.ledger).toHaveLength(20);
    expect(server.ledger[0]?.headers).toMatchObject({ host: "api.example.invalid", authorization: "Bearer sk-test-0123456789" });
    expect(server.ledger[0]?.headers).not.toHaveProperty("proxy-authorization");
    expect(proxy.ledger.map(({ method, target }) => `${method} ${target}`)).toEqual(
      Array.from({ length: server.connections }, () => "CONNECT api.example.invalid:443"),
    );
    expect(server.connections).toBeLessThanOrEqual(2);
    expect(proxy.ledger[0]?.headers["proxy-authorization"]).toBe(`Basic ${Buffer.from("me:canary@").toString("base64")}`);
  });

  it.each(["https", "http"])("may speak TLS itself, and is asked for by its own name: for %s", async (scheme) => {
    const [certificate, proxyCertificate] = [selfSignedCertificate("api.example.invalid"), selfSignedCertificate("localhost")];
    const { server, proxy, user } = await start(scheme === "https" ? { tls: certificate } : {}, proxyCertificate);
    user.environment["SSL_CERT_FILE"] = user.write("authorities.pem", certificate.cert + proxyCertificate.cert);
    const address = `https://${proxy.host.replace("127.0.0.1", "localhost")}`;
    Object.assign(user.environment, { HTTPS_PROXY: address, http_proxy: address });
    const url = `${scheme}://api.example.invalid/v1`;
    const finished = await user.runHere(["run", "in.jsonl", "--base-url", url, "--allow-http", "-c", "2", ...files]);
    expect(finished.code, finished.stderr).toBe(0);
    expect(server.ledger).toHaveLength(20);
    expect(new Set(proxy.askedNames)).toEqual(new Set(["localhost"]));
  });

  it("is given plain http, and its password is found nowhere when it refuses", async () => {
    const { server, proxy, user } = await start();
    proxy.refusal = 407;
    user.environment["http_proxy"] = `me:canary-0123456@${proxy.host}`;
    const args = [
      "run",
      "in.jsonl",
      "--base-url",
      "http://api.example.invalid/v1",
      "--allow-http",
      "--max-retries",
      "0",
      ...files,
    ];
    const { stdout, stderr } = await user.runHere(args);
    expect(server.ledger).toEqual([]);
    expect(proxy.ledger[0]).toMatchObject({ method: "POST", target: "http://api.example.invalid/v1/chat/completions" });
    for (const text of [stdout, stderr, user.read("out.jsonl"), user.read("log.jsonl")]) {
      expect(text).not.toContain("canary");
      expect(text).not.toContain(Buffer.from("me:canary-0123456").toString("base64"));
    }
  });

  it("hears nothing of servers on this machine", async () => {
    const { server, proxy, user } = await start();
    Object.assign(user.environment, { HTTP_PROXY: `http://${proxy.host}`, HTTPS_PROXY: `http://${proxy.host}` });
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "--base-url", `${server.url}/v1`, ...files]);
    expect(code, stderr).toBe(0);
    expect(proxy.ledger).toEqual([]);
    expect(server.ledger).toHaveLength(20);
  });

  it("that cannot be used stops the run before anything is sent", async () => {
    const { user } = await start();
    user.environment["HTTPS_PROXY"] = "socks5://me:canary@127.0.0.1:1080";
    const { code, stderr } = await user.runHere(["run", "in.jsonl"]);
    expect(code).toBe(2);
    expect(stderr).toContain("HTTPS_PROXY");
    expect(stderr).not.toContain("canary");
  });
});
