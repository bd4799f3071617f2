import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer } from "../support/scripted-server.ts";
import { parseLines, questions, Workplace } from "./cli.ts";

/** A user with the results of an earlier run. */
function userWithResults(): Workplace {
  const user = new Workplace();
  user.write("out.jsonl", "older results");
  user.write("out.jsonl.stats.json", "older statistics");
  return user;
}

describe("an input without requests", () => {
  it.each([
    ["an empty file", ""],
    ["a file of blank lines", "\n \r\n\n"],
    ["a byte order mark", "\uFEFF\n"],
  ])("replaces no results: %s, or a pipe whose producer failed", async (_, content) => {
    const user = userWithResults();
    user.write("in.jsonl", content);
    for (const input of ["in.jsonl", "-"]) {
      const { code, stderr } = await user.runHere(["run", input, "-p", "mock", "-o", "out.jsonl"], content);
      expect(code).toBe(2);
      expect(stderr).toContain(`${input === "-" ? "stdin" : input} holds no requests`);
      expect(user.read("out.jsonl")).toBe("older results");
      expect(user.read("out.jsonl.stats.json")).toBe("older statistics");
      expect(existsSync(user.path("out.jsonl.partial"))).toBe(false);
    }
  });

  it("is not valid", async () => {
    const { code, stderr } = await new Workplace().runHere(["validate", "-"], "");
    expect(code).toBe(2);
    expect(stderr).toContain("stdin holds no requests");
  });
});

describe("a file that changes while its requests are sent", () => {
  /** Several times what is read ahead of the requests. */
  const lines = questions(1_000, { user: "u".repeat(600) }).map((line) => `${JSON.stringify(line)}\n`);

  it.each<[string, (path: string) => void]>([
    ["shrinks", (path) => truncateSync(path, 300_000)],
    ["grows", (path) => appendFileSync(path, lines[0] ?? "")],
    ["is written anew", (path) => writeFileSync(path, lines.toReversed().join(""))],
  ])("stops the run if it %s, instead of giving results for a part of it", async (_, change) => {
    const user = userWithResults();
    const server = await serve((call) => {
      if (call.index === 5) change(user.path("in.jsonl"));
      return chatAnswer();
    });
    user.write("in.jsonl", lines.join(""));
    const args = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "-c", "4", "--cache", "memory", "-q"];
    const { code, stderr } = await user.runHere(args);
    expect(code, stderr).toBe(3);
    expect(stderr).toContain("cannot read in.jsonl any further: it has changed since it was opened; run the same command again");
    expect(user.read("out.jsonl")).toBe("older results");
    expect(user.read("out.jsonl.stats.json")).toBe("older statistics");
    expect(user.lines("out.jsonl.partial").length).toBeGreaterThan(5);
  });
});

describe("a run that is stopped", () => {
  it("leaves the statistics of the finished output alone, and the next one that ends well takes its own away", async () => {
    let isKeyRefused = false;
    const server = await serve(() => (isKeyRefused ? errorAnswer(401) : chatAnswer()));
    const user = new Workplace();
    user.write("in.jsonl", questions(3));
    const args = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "--refresh"];
    expect((await user.runHere(args)).code).toBe(0);
    const finished = user.read("out.jsonl.stats.json");

    isKeyRefused = true;
    const stopped = await user.runHere(args);
    expect(stopped.code).toBe(3);
    expect(stopped.stderr).toContain("out.jsonl.stats.json.partial");
    expect(user.read("out.jsonl.stats.json")).toBe(finished);
    expect(JSON.parse(user.read("out.jsonl.stats.json.partial"))).toMatchObject({ requests_completed: 0 });

    isKeyRefused = false;
    expect((await user.runHere(args)).code).toBe(0);
    expect(existsSync(user.path("out.jsonl.stats.json.partial"))).toBe(false);
  });

  it("because its cache was deleted meanwhile says so, and loses no answer that was paid", async () => {
    const user = userWithResults();
    const server = await serve((call) => {
      if (call.index === 3) rmSync(user.path("cache"), { recursive: true });
      return chatAnswer(`answer ${call.index}`);
    });
    user.write("in.jsonl", questions(10));
    const args = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "-c", "2"];
    const stopped = await user.runHere(args);
    expect(stopped.code).toBe(3);
    expect(stopped.stderr).toMatch(/The cache .*cache\.sqlite was deleted or replaced while it was in use/);
    expect(user.read("out.jsonl")).toBe("older results");
    expect(server.ledger.length).toBeLessThan(10);

    expect((await user.runHere(args)).code).toBe(0);
    expect(server.ledger).toHaveLength(10);
    expect(user.lines("out.jsonl")).toHaveLength(10);
  });
});

const pretty = (value: unknown): string => JSON.stringify(value, null, 2);

describe("a file of the wrong kind", () => {
  const lines = questions(12).map((line) => JSON.stringify(line));
  const packed = (command: string): Buffer | undefined => {
    try {
      return execFileSync(command, ["-c"], { input: lines.join("\n"), stdio: ["pipe", "pipe", "ignore"] });
    } catch {
      return undefined; // it is not installed here
    }
  };
  const kinds: readonly (readonly [kind: string, content: string | Buffer | undefined])[] = [
    ["one JSON array", `[${lines.join(",\n")}]`],
    ["one JSON array", pretty(questions(12))],
    ["JSON that is laid out on many lines", questions(12).map(pretty).join("\n")],
    ["JSON that was written as JSON twice", lines.map((line) => JSON.stringify(line)).join("\n")],
    ["CSV", `custom_id,prompt\n${lines.map((_, at) => `"q, ${at}","say ""${at}""\nor not"`).join("\n")}\n`],
    ["CSV", `custom_id;prompt\r\n${lines.map((_, at) => `q-${at};say ${at}`).join("\r\n")}`],
    ["plain text", lines.map((_, at) => `Say ${at}.`).join("\n")],
    ["UTF-16", Buffer.from(`\uFEFF${lines.join("\r\n")}`, "utf16le")],
    ["UTF-16", Buffer.from(`\uFEFF${lines.join("\r\n")}`, "utf16le").swap16()],
    ["one JSON array", gzipSync(`[${lines.join(",")}]`)],
    ["packed by zstd", packed("zstd")],
    ["packed by xz", packed("xz")],
    ["packed by bzip2", packed("bzip2")],
  ];

  it.each(kinds.filter(([, content]) => content !== undefined))(
    "gets one message, whose command works: %s",
    async (kind, content) => {
      const user = userWithResults();
      writeFileSync(user.path("it's in.jsonl"), content ?? "");
      const args = ["run", "it's in.jsonl", "-p", "mock", "-o", "out.jsonl", "--skip-invalid"];
      const { code, stderr } = await user.runHere(args);
      expect(code).toBe(2);
      expect(stderr).toContain(
        `llmbatch: it's in.jsonl is ${kind}, not JSON Lines with one request on each line; nothing was sent.`,
      );
      expect(user.read("out.jsonl")).toBe("older results");
      expect(stderr.trimEnd().split("\n")).toHaveLength(2);
      const [, command = ""] = /\n(?:llmbatch:)?\s+(.*) \| llmbatch run -\n$/.exec(stderr) ?? [];
      const converted = execFileSync("sh", ["-c", command], { cwd: user.folder, encoding: "utf8" });
      const { stdout } = await user.runHere(["validate", "-", "-m", "m"], converted);
      expect(stdout).toContain("12 lines: 12 valid, 0 invalid");
    },
  );

  it("is named in a pipe, too, before anything is sent", async () => {
    const { code, stderr, stdout } = await new Workplace().runHere(["run", "-", "-p", "mock"], pretty(questions(2)));
    expect(code).toBe(2);
    expect(stderr).toMatch(/stdin is one JSON array, .*\n.*… \| node -e '.*' \| llmbatch run -\n/);
    expect(stdout).toBe("");
  });

  it("but gzip, which is read, by any name, also from a pipe and by a second run", async () => {
    const server = await serve();
    const user = new Workplace();
    writeFileSync(
      user.path("in.jsonl"),
      Buffer.concat([gzipSync(`${lines.slice(0, 5).join("\n")}\n`), gzipSync(lines.slice(5).join("\n"))]),
    );
    const args = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl"];
    for (const _ of [1, 2]) expect(await user.runHere(args)).toMatchObject({ code: 0 });
    expect(user.lines("out.jsonl").map(({ custom_id }) => custom_id)).toEqual(questions(12).map(({ custom_id }) => custom_id));
    expect(server.ledger).toHaveLength(12);

    const gunzipped = await user.runHere(["run", "-", "-p", "mock", "-q"], gzipSync(lines.join("\n")));
    expect(gunzipped).toMatchObject({ code: 0, stderr: "" });
  });

  it("and of a gzip pipe that stays open no more is awaited than --limit lines", async () => {
    const user = new Workplace();
    const child = user.start(["run", "-", "-p", "mock", "-m", "m", "-q", "--limit", "2"]);
    child.stdin?.on("error", () => undefined);
    child.stdin?.write(
      gzipSync(`${Array.from({ length: 20_000 }, (_, at) => `"q ${at} ${Math.random()}"`).join("\n")}\n`).subarray(0, -12),
    );
    expect(parseLines(await text(child.stdout ?? Readable.from([])))).toHaveLength(2);
  });

  it("and gzip that was cut off gives no results for its beginning", async () => {
    const user = userWithResults();
    writeFileSync(user.path("in.jsonl"), gzipSync(lines.join("\n")).subarray(0, -12));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-p", "mock", "-o", "out.jsonl"]);
    expect(code).toBe(2);
    expect(stderr).toContain("cannot read in.jsonl any further: it is packed by gzip, and breaks off: copy");
    expect(user.read("out.jsonl")).toBe("older results");
  });
});

describe("single lines", () => {
  it("that hold a request as JSON in a string are never sent as prompts", async () => {
    const server = await serve();
    const user = new Workplace();
    const twice = [{ prompt: "x" }, questions(1)[0], { messages: [] }].map((request) => JSON.stringify(JSON.stringify(request)));
    user.write("in.jsonl", ['"A prompt"', ...twice].join("\n"));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "--base-url", server.url, "-m", "m"]);
    expect(code).toBe(2);
    expect(stderr.match(/in\.jsonl:[234]: is a request that was written as JSON twice/g)).toHaveLength(3);
    expect(server.ledger).toHaveLength(0);
  });

  it("after which NUL bytes follow, as after a crash, say so and how to go on", async () => {
    const user = new Workplace();
    user.write("in.jsonl", `${JSON.stringify(questions(1)[0])}\n${"\0".repeat(500)}`);
    const { code, stderr } = await user.runHere(["validate", "in.jsonl"]);
    expect(code).toBe(2);
    expect(stderr).toContain("in.jsonl:2: ends in NUL bytes, as files do after a crash: `tr -d '\\0'` takes them out");
  });

  it("are named by their numbers in every error, with --skip-invalid and from a pipe", async () => {
    const user = new Workplace();
    const content = `${JSON.stringify(questions(1)[0])}\n\n{"broken\n${JSON.stringify(questions(1)[0])}\n`;
    user.write("in.jsonl", content);
    for (const input of ["in.jsonl", "-"]) {
      await user.runHere(["run", input, "-p", "mock", "-o", "out.jsonl", "--skip-invalid"], content);
      expect(user.lines("out.jsonl").map(({ error }) => error?.message)).toEqual([
        undefined,
        expect.stringMatching(/^line 3: not JSON: /),
        expect.stringMatching(/^line 4: `custom_id` "q-1" stands on an earlier line too/),
      ]);
    }
  });
});
