import { once } from "node:events";
import {
  chmodSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { writeFileAtomically } from "../../../src/cli/output/write-atomically.ts";
import { OutputError } from "../../../src/model/errors.ts";
import { makePipe, runScript, startScript, temporaryDirectory } from "../scripts.ts";

describe("writeFileAtomically", () => {
  it("writes a new file and replaces an older one, whose mode it keeps", async () => {
    const file = join(temporaryDirectory(), "out.stats.json");
    await writeFileAtomically(file, "{}\n");
    expect(readFileSync(file, "utf8")).toBe("{}\n");
    expect(statSync(file).mode & 0o777).toBe(0o666 & ~process.umask());
    chmodSync(file, 0o640);
    await writeFileAtomically(file, '{"tokens":1}\n');
    expect(readFileSync(file, "utf8")).toBe('{"tokens":1}\n');
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(file, ".."))).toEqual(["out.stats.json"]);
  });

  it("shows readers the old text or the new one, never a part", async () => {
    const file = join(temporaryDirectory(), "out.stats.json");
    const texts = ["a", "b"].map((letter) => letter.repeat(3_000_000));
    await writeFileAtomically(file, "");
    const reader = startScript(
      `const { statSync } = await import("node:fs");
       const lengths = new Set();
       const look = () => { for (let n = 0; n < 1000; n += 1) lengths.add(statSync(argument(0)).size); };
       look();
       console.log("ready");
       const looking = setInterval(look, 0);
       process.stdin.resume().on("end", () => { clearInterval(looking); console.log([...lengths].sort().join(" ")); });`,
      [file],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    if (reader.stdin === null || reader.stdout === null) throw new Error("no pipes");
    await once(reader.stdout, "data");
    for (let round = 0; round < 20; round += 1) await writeFileAtomically(file, texts[round % 2] ?? "");
    reader.stdin.end();
    const said = await text(reader.stdout);
    expect(said).toBe("0 3000000\n");
  });

  it("leaves the older file and nothing else behind when the disk is full", async () => {
    const file = join(temporaryDirectory(), "out.stats.json");
    writeFileSync(file, "older");
    const { stdout } = await runScript(
      `await writeFileAtomically(argument(0), "x".repeat(2_000_000)).catch((error) => console.log(error.name, error.message));`,
      [file],
      { shell: `ulimit -f 1000; exec "$@"` },
    );
    expect(stdout).toBe(`OutputError cannot write ${file}: the file would be larger than the system allows\n`);
    expect(readFileSync(file, "utf8")).toBe("older");
    expect(readdirSync(join(file, ".."))).toEqual(["out.stats.json"]);
  });

  it("says where it cannot write", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "folder"));
    await expect(writeFileAtomically(join(directory, "folder"), "")).rejects.toThrow(
      new OutputError(`cannot write ${join(directory, "folder")}: it is a directory`),
    );
    await expect(writeFileAtomically(join(directory, "missing", "file"), "")).rejects.toThrow(OutputError);
  });

  it("replaces what a link points to", async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "real"), "older");
    symlinkSync("real", join(directory, "link"));
    await writeFileAtomically(join(directory, "link"), "new");
    expect(readFileSync(join(directory, "real"), "utf8")).toBe("new");
  });

  it("writes a pipe, a device and stdout directly", async () => {
    const pipe = makePipe(join(temporaryDirectory(), "pipe"));
    const write = `await writeFileAtomically(argument(0), argument(1));`;
    const reading = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    await writeFileAtomically(pipe, "stats");
    expect(await text(new Socket({ fd: reading, writable: false }))).toBe("stats");
    expect(await runScript(write, ["/dev/stdout", "stats"])).toHaveProperty("stdout", "stats");
    expect(await runScript(write, ["-", "stats"])).toHaveProperty("stdout", "stats");
    await writeFileAtomically("/dev/null", "stats");
    expect(readdirSync(join(pipe, ".."))).toEqual(["pipe"]);
  });
});
