import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import {
  chatAnswer,
  closedPortUrl,
  cutBeforeHeaders,
  rawBytes,
  type ReceivedCall,
  type Reply,
} from "../support/scripted-server.ts";
import { type Finished, questions, Workplace } from "./cli.ts";

const keys = {
  "a plain one": "sk-proj-canary_0123-456789",
  quotes: `sk-"canary"-'0123'-456789`,
  "slashes and base64 letters": "canary/0123+4567\\89==",
  "what HTML and URLs escape": "canary&0123<4567>%20#89",
  spaces: "canary 0123 4567",
  "what patterns are made of": "canary$1^(0123)[.*]+{4}|?",
  "three parts": "eyJhbGciOiJIUzI1NiJ9.canary0123.c2lnbmF0dXJl",
  "a short one": "q7.x",
  "a line break after it": "sk-canary-0123456789\r\n",
  "spaces and line breaks around it": "\r\n\t sk-canary-0123456789 \n",
};

const unusableKeys = {
  "a line break in it": "sk-canary-0123\r\nx-evil: 1",
  "letters that are not ASCII": "sk-canäry-canary-0123",
};

/** All that a server can do wrong, with what it was sent in every place. */
const failures: readonly ((sent: string, call: ReceivedCall) => Reply)[] = [
  () => chatAnswer(),
  (sent, { headers }) => ({ status: 400, body: { error: { message: `bad header: ${sent}`, headers } } }),
  (sent) => ({ status: 500, body: htmlPage(sent) }),
  (sent) => ({
    status: 302,
    headers: { location: `http://${encodeURIComponent(sent)}@127.0.0.1:9/${encodeURIComponent(sent)}` },
  }),
  (sent) => ({ status: 307, headers: { location: `/login?key=${encodeURIComponent(sent)}` } }),
  (sent) => ({
    body: { error: { code: sent, message: encodeURIComponent(sent), type: Buffer.from(sent).toString("base64url") } },
  }),
  (sent) => ({ body: `${"x".repeat(1985)} no JSON: ${sent}` }),
  (sent) => ({ body: { choices: [], sent: JSON.stringify({ sent }) } }),
  (sent) => ({ status: 429, body: { error: { code: "rate_limit_exceeded", message: `slow down, ${sent}` } } }),
  (sent) => ({ status: 503, headers: { "content-encoding": "gzip" }, body: gzipSync(sent) }),
  (sent) => ({ status: 503, headers: { "content-encoding": sent.replaceAll(/[^\w-]/g, "") } }),
  (sent) => rawBytes(`${sent}\r\n\r\n`),
  (sent) => rawBytes(`HTTP/1.1 200 ${sent}\r\n${sent}\r\n\r\n`),
  () => cutBeforeHeaders("reset"),
  (sent) => ({ status: 403, body: { error: sent } }),
  (sent) => ({ status: 400, body: `${"x".repeat(303 - sent.length)}${sent}, which it does not know` }),
  (sent) => ({ status: 400, body: `<p>${" ".repeat(3996 - sent.length)}${sent}</p>` }),
  (sent) => ({ status: 400, body: `{"error":{"message":"no"},"sent":"${unicodeEscapes(sent)}"}` }),
  (sent, { headers }) => ({ status: 401, body: { error: { message: `Incorrect API key provided: ${sent}`, headers } } }),
];

function unicodeEscapes(sent: string): string {
  return sent.replaceAll(/./gs, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function htmlPage(sent: string): string {
  const escaped = sent.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  return `<html><body>Headers: <pre>authorization: ${escaped}</pre><!-- ${Buffer.from(sent).toString("base64")} --></body></html>`;
}

/** The forms in which a key could leak. */
function appearances(key: string): string[] {
  const plain = key.trim();
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.from(" ".repeat(shift) + plain)
      .toString("base64")
      .slice(shift === 0 ? 0 : 4, -4),
  );
  return [
    plain,
    JSON.stringify(plain).slice(1, -1),
    encodeURIComponent(plain),
    ...[plain.replaceAll(/[^\w-]/g, "")].filter(({ length }) => length > 4), // three letters stand in any random name
    ...base64.filter((part) => part.length > 7),
  ];
}

/** Every byte under a folder, by path: also what is not meant to stay, such as write-ahead logs and locks. */
function contents(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => join(folder, path));
  return new Map(paths.filter((path) => statSync(path).isFile()).map((path) => [path, readFileSync(path, "latin1")]));
}

/** Where `key` is found, in whatever form. */
function findings(key: string, texts: ReadonlyMap<string, string>): string[] {
  const forms = appearances(key).flatMap((form) => [form, Buffer.from(form).toString("latin1")]);
  return [...texts]
    .filter(([, text]) => text.includes("canary") || forms.some((form) => text.includes(form)))
    .map(([name]) => name);
}

function said({ stdout, stderr }: Finished): [string, string][] {
  return [
    ["stdout", stdout],
    ["stderr", stderr],
  ];
}

const files = ["-o", "out.jsonl", "--errors", "errors.jsonl", "--stats", "stats.json", "--log", "log.jsonl"];
const once = ["--max-retries", "0", "--max-wait", "0", "-c", "1", "--progress", "json"];

describe("a key is found nowhere, however the server fails", () => {
  it.each(Object.entries(keys))("%s", async (name, key) => {
    const user = new Workplace();
    user.environment["OPENAI_API_KEY"] = key;
    user.write("in.jsonl", questions(failures.length));
    const seen: Map<string, string>[] = [];
    let { pid } = process;
    const server = await serve((call) => {
      const sent = String(call.headers["authorization"]).replace("Bearer ", "");
      if (call.index === failures.length - 1) seen.push(contents(user.folder), processTexts(pid));
      const reply = failures[call.index]?.(sent, call) ?? chatAnswer();
      return { ...reply, headers: { ...reply.headers, "x-request-id": `req-${encodeURIComponent(sent)}` } };
    });
    const args = ["run", "in.jsonl", "--base-url", `${server.url}/v1`, ...files, ...once];
    // One of them in a process of its own, whose title and arguments others can see.
    const child = name === "a plain one" ? user.start(args) : undefined;
    pid = child?.pid ?? pid;
    const finished = await (child === undefined ? user.runHere(args) : user.finish(child));

    expect(finished.code, finished.stderr).toBe(1);
    expect(server.ledger).toHaveLength(failures.length);
    expect(server.ledger[0]?.headers["authorization"]).toBe(`Bearer ${key.trim()}`);
    const during = new Map(seen.flatMap((texts) => Array.from(texts)));
    expect([...during.keys()]).toEqual(expect.arrayContaining([user.path("cache/llmbatch/cache.sqlite-wal"), "cmdline"]));
    expect(findings(key, during)).toEqual([]);
    expect(findings(key, new Map([...contents(user.folder), ...said(finished)]))).toEqual([]);
    expect(findings(key, new Map([["decoded", JSON.stringify(user.lines("errors.jsonl"))]]))).toEqual([]);
    expect(user.read("errors.jsonl")).toContain("[redacted]");
    expect(user.lines("errors.jsonl").at(-1)?.error?.message).toBe("HTTP 401: Incorrect API key provided: [redacted]");
  });

  it("in a header and in the base URL's query, under names of their own", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    const server = await serve(({ path, headers }) => ({
      status: 400,
      body: { error: { message: `${path} ${headers["x-auth"]}` } },
    }));
    user.write("llmbatch.config.json", JSON.stringify({ header: ["X-Auth: header-canary"] }));
    const finished = await user.runHere([
      "run",
      "in.jsonl",
      "--base-url",
      `${server.url}/v1?code=query-canary`,
      ...files,
      ...once,
    ]);
    expect(finished.code, finished.stderr).toBe(1);
    expect(server.ledger[0]?.headers["x-auth"]).toBe("header-canary");
    rmSync(user.path("llmbatch.config.json"));
    expect(findings("header-canary", new Map([...contents(user.folder), ...said(finished)]))).toEqual([]);
  });
});

function processTexts(pid: number): Map<string, string> {
  const names = process.platform === "linux" ? ["cmdline", "comm"] : [];
  const texts = names.map((name): [string, string] => [name, readFileSync(`/proc/${pid}/${name}`, "latin1")]);
  return new Map(names.length === 0 ? [["cmdline", ""]] : texts);
}

describe("a key is found nowhere when nothing can be sent", () => {
  it.each(Object.entries(unusableKeys))("because it has %s", async (_name, key) => {
    const user = new Workplace();
    user.environment["OPENAI_API_KEY"] = key;
    user.write("in.jsonl", questions(1));
    const finished = await user.runHere(["run", "in.jsonl", "--base-url", await closedPortUrl(), ...files]);
    expect(finished.code).toBe(2);
    expect(finished.stderr).toContain("The API key");
    expect(findings(key, new Map([...contents(user.folder), ...said(finished)]))).toEqual([]);
  });

  it("because the connection is refused, at an address that contains it, too", async () => {
    const user = new Workplace();
    user.environment["OPENAI_API_KEY"] = "sk-canary-0123456789";
    user.environment["LLMBATCH_BASE_URL"] = `${await closedPortUrl()}/v1?api-key=canary-in-query`;
    user.write("in.jsonl", questions(1));
    const finished = await user.runHere(["run", "in.jsonl", ...files, ...once]);
    expect(finished.code).toBe(1);
    expect(findings("sk-canary-0123456789", new Map([...contents(user.folder), ...said(finished)]))).toEqual([]);
  });

  it.each<[string, string[], Record<string, string>, string]>([
    ["a flag that there is not", ["--api-key=sk-canary-0123456789"], {}, ""],
    ["a number", ["--rpm", "sk-canary-0123456789"], { OPENAI_API_KEY: "sk-canary-0123456789" }, ""],
    ["the configuration", [], {}, '{"api_key": sk-canary-0123456789}'],
  ])("because it stands where it does not belong: %s", async (_name, args, environment, config) => {
    const user = new Workplace();
    Object.assign(user.environment, environment);
    user.write("in.jsonl", questions(1));
    if (config !== "") user.write("llmbatch.config.json", config);
    const finished = await user.runHere(["run", "in.jsonl", ...args]);
    expect(finished.code).toBe(2);
    expect(finished.stderr).not.toBe("");
    expect(findings("sk-canary-0123456789", new Map(said(finished)))).toEqual([]);
  });
});
