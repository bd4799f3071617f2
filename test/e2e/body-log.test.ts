import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

/** The lines of all files of a folder. */
function bodiesIn(user: Workplace, folder: string): { [key: string]: unknown }[] {
  const names = readdirSync(user.path(folder)).toSorted();
  const text = names.map((name) => readFileSync(user.path(`${folder}/${name}`), "utf8")).join("");
  return text
    .trimEnd()
    .split("\n")
    .map((line): { [key: string]: unknown } => JSON.parse(line));
}

describe("row 83: --log-bodies", () => {
  it("keeps what was asked and answered, of each attempt, in a new file of a folder for each run, for its owner alone", async () => {
    const server = await serve(({ index }) => (index === 0 ? errorAnswer(500) : chatAnswer("Hello!")));
    const user = new Workplace();
    user.write("in.jsonl", questions(2, { seed: 9007199254740993n.toString() }));
    const run = ["run", "in.jsonl", "--base-url", server.url, "-c", "1", "--retry-delay", "0", "-o", "out.jsonl"];
    const { code, stderr } = await user.runHere([...run, "--log-bodies", "logs/bodies"]);
    expect(code, stderr).toBe(0);
    const [name = ""] = readdirSync(user.path("logs/bodies"));
    expect(stderr).toContain(`  bodies      logs/bodies/${name}\n`);
    expect(statSync(user.path("logs/bodies")).mode & 0o777).toBe(0o700);
    expect(statSync(user.path(`logs/bodies/${name}`)).mode & 0o777).toBe(0o600);

    const bodies = bodiesIn(user, "logs/bodies");
    const [first] = user.lines("out.jsonl");
    expect(bodies).toHaveLength(3);
    expect(bodies.find(({ error }) => error !== null)).toEqual({
      time: expect.any(String),
      id: first?.id,
      custom_id: "q-1",
      provider: "openai",
      url: "/v1/chat/completions",
      request: questions(1, { seed: "9007199254740993" })[0]?.body,
      response: { error: expect.objectContaining({ message: "error 500" }) },
      status_code: 500,
      request_id: "",
      error: { code: "server_error", message: "HTTP 500: error 500" },
    });
    expect(bodies.filter(({ error }) => error === null)).toEqual([
      expect.objectContaining({ request_id: "req_1", status_code: 200, response: expect.objectContaining({ id: "chatcmpl-1" }) }),
      expect.objectContaining({ request_id: "req_1", status_code: 200, response: expect.objectContaining({ id: "chatcmpl-1" }) }),
    ]);

    await user.runHere([...run, "--log-bodies", "logs/bodies", "--refresh"]);
    expect(readdirSync(user.path("logs/bodies"))).toHaveLength(2);
    expect(bodiesIn(user, "logs/bodies")).toHaveLength(5);
  });

  it("never shows a key, a header or a query's secret, not even one that a server or a line repeats", async () => {
    const secrets = ["sk-test-0123456789", "of-the-file-42", "of-a-header-42", "of-a-query-42", "of-a-variable-42"];
    const server = await serve(() => chatAnswer(secrets.join(" ")));
    const user = new Workplace();
    user.environment["ELSEWHERE"] = "of-a-variable-42";
    user.environment["HIDDEN"] = "of-the-file-42";
    const lines = questions(2).map(({ custom_id: id, body }) => ({
      custom_id: `${id} ${secrets.join(" ")}`,
      body: { ...body, user: secrets.join() },
    }));
    user.write("in.jsonl", lines);
    const mine = {
      base_url: `${server.url}/?code=of-a-query-42`,
      api_keys: ["$HIDDEN"],
      headers: { "X-Team": "of-a-header-42" },
    };
    user.write("routes.json", JSON.stringify({ providers: { mine, absent: { base_url: server.url, api_keys: ["$NOT_SET"] } } }));
    const flags = ["-p", "openai", "--base-url", `${server.url}/?code=of-a-query-42`, "--header", "X-Team: of-a-header-42"];
    const run = ["run", "in.jsonl", "--log-bodies", "bodies", "--api-key-env", "ELSEWHERE", ...flags];
    const first = await user.runHere(run);
    expect(first.code, first.stderr).toBe(0);
    user.environment["ELSEWHERE"] = undefined;
    const second = await user.runHere([
      "run",
      "in.jsonl",
      "--log-bodies",
      "of-file",
      "--config",
      "routes.json",
      "-p",
      "mine",
      "--refresh",
    ]);
    expect(second.code, second.stderr).toBe(0);
    for (const [folder, unknown] of [
      ["bodies", "of-the-file-42"],
      ["of-file", "of-a-variable-42"],
    ] as const) {
      const text = JSON.stringify(bodiesIn(user, folder));
      for (const secret of secrets.filter((each) => each !== unknown)) expect(text).not.toContain(secret);
      expect(text).toContain("[redacted]");
    }
  });

  it("says before anything is sent that the folder cannot be written, and leaves one that is there as it is", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    user.write("file", "");
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-p", "mock", "--log-bodies", "file"]);
    expect(code).toBe(2);
    expect(stderr).toContain("cannot log bodies in file: ");
    mkdirSync(user.path("own"), { mode: 0o755 });
    expect(await user.runHere(["run", "in.jsonl", "-p", "mock", "--log-bodies", "own"])).toMatchObject({ code: 0 });
    expect(statSync(user.path("own")).mode & 0o777).toBe(0o755);
  });
});
