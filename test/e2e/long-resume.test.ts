import { expect, it } from "vitest";
import { openDiskCache } from "../../src/caches/caches.ts";
import { fingerprint } from "../../src/model/fingerprint.ts";
import { serve } from "../support/closing.ts";
import { chatAnswer } from "../support/scripted-server.ts";
import { Workplace } from "./cli.ts";

const lines = 1_500;
const known = 1_350;

it("resumes a long run in order, and asks for what is missing alone", async () => {
  const user = new Workplace();
  const server = await serve((call) => chatAnswer(`answer to ${call.body}`));
  const bodies = Array.from({ length: lines }, (_, n) => ({
    model: "m",
    messages: [{ role: "user", content: `Question ${n}` }],
  }));
  user.write(
    "in.jsonl",
    bodies.map((body, n) => ({ custom_id: `line ${n}`, body })),
  );
  const cache = await openDiskCache({ path: user.path("cache.sqlite") });
  const endpoint = `${server.url}/v1/chat/completions`;
  const usage = { promptTokens: 1, completionTokens: 1, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
  const remember = (body: unknown, n: number): Promise<unknown> =>
    cache.set(fingerprint(endpoint, JSON.stringify(body)), { statusCode: 200, requestId: `${n}`, usage, body: `{"known":${n}}` });
  await Promise.all(bodies.slice(0, known).map(remember));
  await cache.close();

  const files = ["-o", "out.jsonl", "--cache-path", "cache.sqlite"];
  const command = ["run", "in.jsonl", ...files, "--base-url", `${server.url}/v1`];
  const { code, stderr } = await user.runHere(command);
  expect(code, stderr).toBe(0);
  expect(server.ledger).toHaveLength(lines - known);
  const output = user.lines("out.jsonl");
  expect(output).toHaveLength(lines);
  const strange = output.filter(
    ({ custom_id, response }, n) =>
      custom_id !== `line ${n}` ||
      (n < known ? response?.request_id !== `${n}` : !JSON.stringify(response).includes(`Question ${n}`)),
  );
  expect(strange).toEqual([]);

  const before = user.read("out.jsonl");
  expect((await user.runHere(command)).code).toBe(0);
  expect(server.ledger).toHaveLength(lines - known);
  expect(user.read("out.jsonl") === before, "the output is byte for byte the same").toBe(true);
  user.write("in.jsonl", [
    { custom_id: "new", body: { model: "m", messages: [{ role: "user", content: "Another" }] } },
    ...bodies,
  ]);
  expect((await user.runHere(command)).code).toBe(0);
  expect(server.ledger, "lines that have moved are not asked again").toHaveLength(lines - known + 1);
});
