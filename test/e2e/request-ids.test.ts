import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

describe("row 22: the id of each request", () => {
  it("is sent as the header that --request-id-header names: that of its output line, the same at each attempt and in every run", async () => {
    const server = await serve(({ index }) => (index === 0 ? errorAnswer(500) : chatAnswer()));
    const user = new Workplace();
    user.write("in.jsonl", questions(2));
    const run = ["run", "in.jsonl", "--base-url", server.url, "-c", "1", "--retry-delay", "0", "-o", "out.jsonl", "--refresh"];
    const named = [...run, "--request-id-header", "X-Client-Request-Id"];
    for (const _ of [1, 2]) expect(await user.runHere(named)).toMatchObject({ code: 0 });
    const ids = user.lines("out.jsonl").map(({ id, custom_id }) => [custom_id, id]);
    expect(ids.map(([, id]) => id)).toEqual([expect.stringMatching(/^batch_req_/), expect.stringMatching(/^batch_req_/)]);
    const sent = server.ledger.map(({ body, headers }) => [/Question (\d)/.exec(body)?.[1], headers["x-client-request-id"]]);
    expect(sent).toHaveLength(5);
    for (const [number, id] of sent) expect(ids).toContainEqual([`q-${number}`, id]);
  });

  it("goes to each provider of a route, and to none unless a header is named", async () => {
    const [down, up] = [await serve(() => errorAnswer(500)), await serve(() => chatAnswer())];
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    const providers = { first: { base_url: down.url }, second: { base_url: up.url } };
    const routes = { "test-model": { to: [{ provider: "first" }, { provider: "second" }] } };
    const configuration = { providers, routes, retry_delay: 0, request_id_header: "x-request-id" };
    user.write("llmbatch.config.json", JSON.stringify(configuration));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(code, stderr).toBe(0);
    const [line] = user.lines("out.jsonl");
    for (const { ledger } of [down, up]) expect(ledger[0]?.headers["x-request-id"]).toBe(line?.id);
    user.write("llmbatch.config.json", JSON.stringify({ ...configuration, request_id_header: undefined }));
    await user.runHere(["run", "in.jsonl", "--refresh"]);
    expect(up.ledger.at(-1)?.headers).not.toHaveProperty("x-request-id");
  });

  it.each([
    ["Authorization", "The header authorization cannot hold the id of each request: it has a value already."],
    ["Content-Length", "The header content-length cannot be set"],
    ["two words", "--request-id-header: expected the name of a header such as X-Request-Id"],
  ])("is not sent as %s", async (name, says) => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "--request-id-header", name]);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
  });
});
