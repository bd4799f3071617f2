import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { portOf } from "../support/raw-server.ts";
import { chatAnswer, type Script } from "../support/scripted-server.ts";
import { Workplace } from "./cli.ts";

const numbered: Script = (call) => chatAnswer(`answer ${call.index}`);
const pngHead = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const png = (content: string): Buffer => Buffer.concat([pngHead, Buffer.from(content)]);
const dataUrl = (content: string): string => `data:image/png;base64,${png(content).toString("base64")}`;

/** A line about an image, as written by hand. */
const lineAbout = (url: string): string =>
  `{"body":{ "model":"m", "seed": 1.0, "messages":[{"role":"user","content":[{"type":"text","text":"@red.png"}, {"type":"image_url","image_url":{"url":"${url}"}}]}]}}\n`;
const bodyOf = (line: string): string => line.slice('{"body":'.length, -2);

/** A user with two images in a folder, a secret beside it, and a link to the secret in the folder. */
function userWithImages(): Workplace {
  const user = new Workplace();
  mkdirSync(user.path("images"));
  writeFileSync(user.path("images/red.png"), png("red"));
  writeFileSync(user.path("images/blue.png"), png("blue"));
  user.write("secret.png", `${pngHead.toString("latin1")} the secret text`);
  symlinkSync("../secret.png", user.path("images/link.png"));
  return user;
}

describe("--allow-files", () => {
  it("sends images as data URLs and all else as written; a changed image is asked again, an unchanged one is not", async () => {
    const server = await serve(numbered);
    const user = userWithImages();
    const lines = ["@red.png", `file://${user.path("images/blue.png")}`].map(lineAbout);
    user.write("in.jsonl", lines.join(""));
    const args = ["run", "in.jsonl", "--base-url", server.url, "-c", "1", "--allow-files", "images", "-o", "out.jsonl"];
    const first = await user.runHere(args);
    expect(first.code, first.stderr).toBe(0);
    const sent = ["red", "blue"].map((content) => bodyOf(lineAbout(dataUrl(content))));
    expect(server.ledger.map(({ body }) => body)).toEqual(sent);
    expect(JSON.stringify(sent)).not.toContain(user.environment["OPENAI_API_KEY"]);
    const output = user.read("out.jsonl");

    expect((await user.runHere(args)).code).toBe(0);
    expect(server.ledger).toHaveLength(2);
    expect(user.read("out.jsonl")).toBe(output);

    writeFileSync(user.path("images/blue.png"), png("green"));
    expect((await user.runHere(args)).code).toBe(0);
    expect(server.ledger.map(({ body }) => body)).toEqual([...sent, bodyOf(lineAbout(dataUrl("green")))]);
    const [red, green] = user.lines("out.jsonl");
    expect(JSON.stringify([red, green])).toMatch(/answer 0.*answer 2/);
  });

  it("refuses files that lie elsewhere before anything is sent, and says nothing of what is in them", async () => {
    const server = await serve(numbered);
    const user = userWithImages();
    user.write("in.jsonl", ["@red.png", "@link.png", "@../secret.png"].map(lineAbout).join(""));
    for (const command of ["run", "validate"]) {
      const { code, stdout, stderr } = await user.runHere([
        command,
        "in.jsonl",
        "--base-url",
        server.url,
        "--allow-files",
        "images",
      ]);
      expect(code).toBe(2);
      expect(stderr).toContain('in.jsonl:2: `messages[0].content[1].image_url.url` names the file "link.png": it is not below');
      expect(stderr).toContain('in.jsonl:3: `messages[0].content[1].image_url.url` names the file "../secret.png": `..` is not');
      expect(stdout + stderr).not.toContain("secret text");
    }
    expect(server.ledger).toHaveLength(0);
  });

  it("left out, lines that name files are invalid, and say what to give", async () => {
    const server = await serve(numbered);
    const user = userWithImages();
    user.write("in.jsonl", lineAbout("@red.png"));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "--base-url", server.url]);
    expect(code).toBe(2);
    expect(stderr).toContain('names the file "red.png": to send local files, give --allow-files DIR');
    expect(server.ledger).toHaveLength(0);
  });

  it("comes from the environment too, and turns a bad line of a pipe into a failed result in its place", async () => {
    const server = await serve(numbered);
    const user = userWithImages();
    user.environment["LLMBATCH_ALLOW_FILES"] = "images";
    const lines = ["@red.png", "@link.png", "@blue.png"].map(lineAbout).join("");
    const { code, stdout } = await user.runHere(["run", "--base-url", server.url, "-c", "1"], lines);
    expect(code).toBe(1);
    const results = stdout.trimEnd().split("\n");
    expect(results).toHaveLength(3);
    expect(results[1]).toMatch(/"response":null,"error":\{"code":"invalid_line","message":".*link\.png/);
    expect(server.ledger.map(({ body }) => body)).toEqual(["red", "blue"].map((content) => bodyOf(lineAbout(dataUrl(content)))));
  });

  it.each(["nowhere", "in.jsonl"])(
    "that names no folder (%s) ends the run before anything else, also of a pipe",
    async (folder) => {
      const user = userWithImages();
      user.write("in.jsonl", lineAbout("@red.png"));
      for (const input of ["in.jsonl", "-"]) {
        const { code, stderr } = await user.runHere(["run", input, "-p", "mock", "--allow-files", folder, "-o", "out.jsonl"]);
        expect(code).toBe(2);
        expect(stderr).toContain(`--allow-files: cannot use ${folder}: `);
        expect(() => user.read("out.jsonl.partial")).toThrow("ENOENT");
      }
    },
  );

  it("holds no more images than can be in flight or may wait, however many lines there are", async () => {
    const user = userWithImages();
    const server = createServer((request, response) => {
      request.resume().on("end", () => response.end(JSON.stringify(chatAnswer().body)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    writeFileSync(user.path("images/large.png"), Buffer.concat([pngHead], 3_000_000));
    user.write("in.jsonl", Array.from({ length: 60 }, () => lineAbout("@large.png")).join(""));
    const reporter = join(import.meta.dirname, "..", "trials", "faults", "report-memory.js");
    user.environment["NODE_OPTIONS"] = `--import ${pathToFileURL(reporter).href}`;
    user.environment["MEMORY_REPORT"] = user.path("peak");
    const args = ["--base-url", `http://127.0.0.1:${portOf(server)}`, "-c", "8", "--cache", "none", "-q"];
    const { code, stdout, stderr } = await user.run(["run", "in.jsonl", "--allow-files", "images", ...args]);
    server.close();
    expect(code, stderr).toBe(0);
    expect(stdout.split("\n")).toHaveLength(61);
    expect(Number(user.read("peak")), "309 as a rule; with all 60 it would be 578").toBeLessThan(450);
  });
});
