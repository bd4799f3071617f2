import { describe, expect, it } from "vitest";
import { selfSignedCertificate } from "../providers/self-signed.ts";
import { serve } from "../support/closing.ts";
import { questions, Workplace } from "./cli.ts";

describe("plain http to another machine", () => {
  const args = ["run", "in.jsonl", "--base-url", "http://api.example.invalid/v1", "-o", "out.jsonl", "--max-retries", "0"];

  it("ends with code 2 before anything is sent, and says what to do", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    const { code, stderr } = await user.runHere(args);
    expect(code).toBe(2);
    expect(stderr).toContain("api.example.invalid:80");
    expect(stderr).toContain("--allow-http");
    expect(stderr).not.toContain("sk-test");
  });

  it("is allowed by the switch", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    const { code, stderr } = await user.runHere([...args, "--allow-http"]);
    expect(code, stderr).toBe(1);
    expect(user.lines("out.jsonl")[0]?.error?.code).toBe("network"); // there is no such host
  });
});

describe("a certificate of an unknown authority", () => {
  it("is refused: no request arrives, not even with --allow-http", async () => {
    const server = await serve(undefined, { tls: selfSignedCertificate("127.0.0.1") });
    const user = new Workplace();
    user.write("in.jsonl", questions(2));
    const { code } = await user.runHere(["run", "in.jsonl", "--base-url", `${server.url}/v1`, "-o", "out.jsonl", "--allow-http"]);
    expect(code).toBe(1);
    expect(user.lines("out.jsonl").map(({ error }) => error?.message)).toEqual([
      expect.stringContaining("certificate is not trusted"),
      expect.stringContaining("certificate is not trusted"),
    ]);
    expect(server.ledger).toEqual([]);
  });
});
