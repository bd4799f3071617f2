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
    const { code, stderr } = await user.run(["run", "in.jsonl", "--base-url", url, "-o", "out.jsonl", "-c", "1"]);
    expect(code, stderr).toBe(0);
    expect(server.connections).toBe(1);
    outputs.push(user.lines("out.jsonl").map(({ response }) => response?.body));
  }
  expect(outputs[0]).toHaveLength(24);
  expect(outputs[1]).toEqual(outputs[0]);
});
