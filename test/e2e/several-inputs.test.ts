import { gzipSync } from "node:zlib";
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

/** A user with five questions in two files, the first without a line feed at its end. */
function userOfTwo(): Workplace {
  const user = new Workplace();
  const lines = questions(5);
  user.write(
    "a.jsonl",
    lines
      .slice(0, 3)
      .map((line) => JSON.stringify(line))
      .join("\n"),
  );
  user.write("b.jsonl", lines.slice(3));
  user.write("both.jsonl", lines);
  return user;
}

const idsOf = (user: Workplace, name = "out.jsonl"): string[] => user.lines(name).map(({ custom_id }) => custom_id);

describe("row 2: several input files", () => {
  it("are answered in one output, in the order of the files and of their lines, byte for byte as if they were one", async () => {
    const user = userOfTwo();
    const args = ["-p", "mock", "-c", "2", "-o"];
    const { code, stderr } = await user.runHere(["run", "a.jsonl", "b.jsonl", ...args, "out.jsonl"]);
    expect(code, stderr).toBe(0);
    expect(idsOf(user)).toEqual(["q-1", "q-2", "q-3", "q-4", "q-5"]);
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({ requests_total: 5, requests_completed: 5 });
    await user.runHere(["run", "both.jsonl", ...args, "one.jsonl", "--cache", "none"]);
    expect(user.read("out.jsonl")).toBe(user.read("one.jsonl"));
  });

  it("may be packed, and read from stdin among others; lines without an id are counted on", async () => {
    const user = new Workplace();
    writeFileSync(user.path("a.jsonl.gz"), gzipSync('"one"\n\n"two"'));
    user.write("c.jsonl", ["five"]);
    const run = ["run", "a.jsonl.gz", "-", "c.jsonl", "-p", "mock", "-m", "m", "-o", "out.jsonl"];
    const { code, stderr } = await user.runHere(run, '"four"\n');
    expect(code, stderr).toBe(0);
    expect(idsOf(user)).toEqual(["request-1", "request-3", "request-4", "request-5"]);
    expect(await user.runHere(["run", "-", "-", "-p", "mock"])).toMatchObject({ code: 2 });
  });

  it("are resumed by the same command: what was answered of any of them is not sent again", async () => {
    const user = userOfTwo();
    let isKeyRefused = true;
    const server = await serve((call) => (isKeyRefused && call.index > 3 ? errorAnswer(401) : chatAnswer()));
    const args = ["run", "a.jsonl", "b.jsonl", "--base-url", server.url, "-c", "1", "-o", "out.jsonl", "--max-failures", "1"];
    expect(await user.runHere(args)).toMatchObject({ code: 3 });
    isKeyRefused = false;
    expect(await user.runHere(args)).toMatchObject({ code: 0 });
    expect(server.ledger.map(({ body }) => /Question \d/.exec(body)?.[0])).toEqual(
      [1, 2, 3, 4, 5, 5].map((number) => `Question ${number}`),
    );
    expect(idsOf(user)).toHaveLength(5);
  });

  it("are checked as one before anything is sent: ids are unique over all, and each error names its file and the line in it", async () => {
    const user = userOfTwo();
    user.write("c.jsonl", `${JSON.stringify(questions(1)[0])}\n{\n`);
    for (const command of ["validate", "run"]) {
      const { code, stderr } = await user.runHere([command, "a.jsonl", "b.jsonl", "c.jsonl", "-p", "mock"]);
      expect(code).toBe(2);
      expect(stderr).toContain('c.jsonl:1: `custom_id` "q-1" stands on an earlier line too; each must be unique');
      expect(stderr).toContain("c.jsonl:2: not JSON");
      expect(stderr).not.toContain("b.jsonl:");
    }
    expect((await user.runHere(["validate", "a.jsonl", "b.jsonl", "-p", "mock"])).stdout).toContain(
      "5 lines: 5 valid, 0 invalid",
    );
  });

  it("are named with their lines in failed results, in the summary, the statistics, the log and warnings", async () => {
    const user = userOfTwo();
    user.write("b.jsonl", ['{"prompt":"x","system":5}', "{", '{"prompt":"x","topic":1}'].join("\n"));
    const args = ["run", "a.jsonl", "b.jsonl", "-p", "mock", "-m", "m", "-o", "out.jsonl", "--log", "log.jsonl"];
    const { code, stderr } = await user.runHere([...args, "--skip-invalid"]);
    expect(code, stderr).toBe(1);
    expect(user.lines("out.jsonl").at(-2)?.error?.message).toMatch(/^b\.jsonl:2: not JSON/);
    expect(stderr).toMatch(/llmbatch: b\.jsonl:3: .*"topic".*said once/);
    expect(stderr).toMatch(/invalid_line, b\.jsonl:1: /);
    const { failure_messages: messages } = JSON.parse(user.read("out.jsonl.stats.json"));
    expect(messages.invalid_line).toMatchObject({ file: "b.jsonl", line_number: 1 });
    const ends = user
      .read("log.jsonl")
      .split("\n")
      .filter((line) => line.includes('"request-end"'));
    expect(ends.map((line) => JSON.parse(line))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ file: "a.jsonl", line_number: 3, custom_id: "q-3" }),
        expect.objectContaining({ file: "b.jsonl", line_number: 2, custom_id: "request-5" }),
      ]),
    );
  });

  it("stop a run that has begun, resumable, where a later one is no JSON Lines; an empty one is said", async () => {
    const user = userOfTwo();
    user.write("table.csv", "id,text\n1,one\n2,two\n");
    user.write("empty.jsonl", "");
    const piped = await user.runHere(["run", "-", "table.csv", "-p", "mock", "-o", "out.jsonl"], user.read("a.jsonl"));
    expect(piped.code, piped.stderr).toBe(3);
    expect(piped.stderr).toContain(
      "stopped early: table.csv is CSV, not JSON Lines with one request on each line; nothing of it was sent.",
    );
    const checked = await user.runHere(["run", "a.jsonl", "table.csv", "-p", "mock", "-o", "out.jsonl"]);
    expect(checked).toMatchObject({ code: 2, stderr: expect.stringContaining("table.csv is CSV") });

    const { code, stderr } = await user.runHere(["run", "a.jsonl", "empty.jsonl", "b.jsonl", "-p", "mock", "-o", "out.jsonl"]);
    expect(code).toBe(0);
    expect(stderr).toContain("llmbatch: empty.jsonl is empty\n");
    expect(stderr.match(/is empty/g)).toHaveLength(1);
    const none = await user.runHere(["run", "empty.jsonl", "empty.jsonl", "-p", "mock"]);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("empty.jsonl, empty.jsonl holds no requests") });
  });
});

describe("--head", () => {
  it("sends the first lines only, of all files together", async () => {
    const user = userOfTwo();
    const run = ["run", "a.jsonl", "b.jsonl", "-p", "mock", "-o", "out.jsonl"];
    expect(await user.runHere([...run, "--head", "4"])).toMatchObject({ code: 0 });
    expect(idsOf(user)).toEqual(["q-1", "q-2", "q-3", "q-4"]);
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({ requests_total: 4 });
  });

  it("is what a bare number of --limit means, which still works, with a notice; the smaller of both counts", async () => {
    const user = userOfTwo();
    const run = ["run", "a.jsonl", "b.jsonl", "-p", "mock", "-q", "-o", "out.jsonl"];
    const { code, stderr } = await user.runHere([...run, "--limit", "2", "--limit", "requests=600/1m"]);
    expect(code).toBe(0);
    expect(stderr).toBe("llmbatch: --limit 2 sends 2 lines, as before; it is called --head 2 now\n");
    expect(idsOf(user)).toHaveLength(2);
    await user.runHere([...run, "--head", "3", "--limit", "1"]);
    expect(idsOf(user)).toHaveLength(1);
    expect(await user.runHere([...run, "--head", "0"])).toMatchObject({ code: 2 });
  });
});
