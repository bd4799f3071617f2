import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { selfSignedCertificate } from "../providers/self-signed.ts";
import { serve } from "../support/closing.ts";
import { chatAnswer, type Script, slowBody } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

/** Answers of every size that TLS cuts differently, and in every way to send one. */
const answerInManyWays: Script = (call) => {
  const answer = chatAnswer(`${"ü".repeat(call.body.length * 300 * (call.index % 4))}.`);
  if (call.index % 3 === 0) return answer;
  const body = Buffer.from(JSON.stringify(answer.body));
  return call.index % 3 === 1 ? { headers: { "content-encoding": "gzip" }, body: gzipSync(body) } : slowBody(20_000, 1, { body });
};

test("answers come over TLS as they do without, on connections that are kept", async () => {
  const certificate = selfSignedCertificate("localhost");
  const outputs = [];
  for (const tls of [undefined, certificate]) {
    const server = await serve(answerInManyWays, tls && { tls });
    const user = new Workplace();
    user.environment["NODE_EXTRA_CA_CERTS"] = user.write("authority.pem", certificate.cert);
    user.write("in.jsonl", questions(24));
    const url = `${tls === undefined ? "http" : "https"}://localhost:${server.port}/v1`;
    const args = ["run", "in.jsonl", "--base-url", url, "-o", "out.jsonl", "-c", "1"];
    const { code, stderr } = await (tls === undefined ? user.runHere(args) : user.run(args)); // Node reads the variable when it starts
    expect(code, stderr).toBe(0);
    expect(server.connections).toBe(1);
    outputs.push(user.lines("out.jsonl").map(({ response }) => response?.body));
  }
  expect(outputs[0]).toHaveLength(24);
  expect(outputs[1]).toEqual(outputs[0]);
});

test("SSL_CERT_FILE names the authorities, and a client certificate is shown to the server that asks for one", async () => {
  const certificate = selfSignedCertificate("localhost");
  const client = selfSignedCertificate("client");
  const server = await serve(() => chatAnswer(), { tls: { ...certificate, requestCert: true, ca: client.cert } });
  const user = new Workplace();
  user.environment["SSL_CERT_FILE"] = user.write("authority.pem", certificate.cert);
  user.write("in.jsonl", questions(3));
  const run = ["run", "in.jsonl", "--base-url", `https://localhost:${server.port}/v1`, "-o", "out.jsonl", "--max-retries", "0"];
  const without = await user.runHere(run);
  expect([without.code === 0, server.ledger]).toEqual([false, []]);
  const half = await user.runHere([...run, "--client-cert", user.write("cert.pem", client.cert)]);
  expect([half.code, half.stderr]).toEqual([2, expect.stringContaining("needed together")]);
  const key = ["--client-cert", "cert.pem", "--client-key", user.write("key.pem", certificate.key)];
  const wrong = await user.runHere([...run, ...key]);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("certificates cannot be used")]);
  user.write("key.pem", client.key);
  const { code, stderr } = await user.runHere([...run, ...key]);
  expect(code, stderr).toBe(0);
  expect(server.ledger).toHaveLength(3);
});
