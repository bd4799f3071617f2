import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assertDistinctFiles, type RunFiles } from "../../../src/cli/files/distinct-files.ts";
import { ConfigurationError } from "../../../src/model/errors.ts";
import { makePipe, runScript, temporaryDirectory } from "../scripts.ts";

describe("assertDistinctFiles", () => {
  const refused: { files: RunFiles; says: string }[] = [
    { files: { inputs: ["in"], output: "in" }, says: "the input DIR/in and --output DIR/in are the same file" },
    { files: { inputs: ["in"], output: "./in" }, says: "the input DIR/in and --output DIR/./in are the same file" },
    { files: { inputs: ["in"], output: "symbolic" }, says: "the input DIR/in and --output DIR/symbolic are the same file" },
    { files: { inputs: ["in"], output: "hard" }, says: "the input DIR/in and --output DIR/hard are the same file" },
    { files: { inputs: ["old.partial", "in"], output: "in" }, says: "the input DIR/in and --output DIR/in are the same file" },
    { files: { output: "new", errors: "new" }, says: "--output DIR/new and --errors DIR/new are the same file" },
    { files: { output: "new", errors: "folder/../new" }, says: "--output DIR/new and --errors DIR/folder/../new are" },
    { files: { output: "new", errors: "same/new" }, says: "--output DIR/new and --errors DIR/same/new are" },
    { files: { output: "new", errors: "dangling" }, says: "--output DIR/new and --errors DIR/dangling are" },
    { files: { output: "new", stats: "new" }, says: "--output DIR/new and --stats DIR/new are" },
    { files: { errors: "new", log: "new" }, says: "--errors DIR/new and --log DIR/new are" },
    { files: { stats: "new", log: "new" }, says: "--stats DIR/new and --log DIR/new are" },
    {
      files: { inputs: ["old.partial"], output: "old" },
      says: "the input DIR/old.partial and --output DIR/old (written beside it as DIR/old.partial) are the same file",
    },
    {
      files: { output: "symbolic", errors: "in.partial" },
      says: "--output DIR/symbolic (written beside it as DIR/in.partial) and --errors DIR/in.partial are the same file",
    },
    {
      files: { output: "new", log: "new.lock" },
      says: "--output DIR/new (written beside it as DIR/new.lock) and --log DIR/new.lock",
    },
  ];

  it.each(refused)("refuses $files, which would overwrite each other", async ({ files, says }) => {
    const directory = directoryOfNames();
    const checking = assertDistinctFiles(within(directory, files));
    await expect(checking).rejects.toThrow(ConfigurationError);
    await expect(checking).rejects.toThrow(says.replaceAll("DIR", directory));
  });

  const allowed: RunFiles[] = [
    {},
    { inputs: ["in", "hard"], output: "new" },
    { inputs: ["in"], output: "new", errors: "new.errors", stats: "new.stats.json", log: "new.log" },
    { output: "old", errors: "in" },
    { output: "pipe", errors: "pipe" },
    { output: "missing/new", errors: "missing/new" },
  ];

  it.each(allowed)("allows %o", async (files) => {
    await expect(assertDistinctFiles(within(directoryOfNames(), files))).resolves.toBeUndefined();
  });

  it("lets devices be shared", async () => {
    const devices = { output: "/dev/null", errors: "/dev/null", stats: "/dev/null", log: "/dev/null" };
    await expect(assertDistinctFiles(devices)).resolves.toBeUndefined();
  });

  it.each([
    {
      what: "stdout redirected into the input",
      files: { inputs: ["in"] },
      shell: `"$@" 2>&1 >> in`,
      says: "the input in and --output are",
    },
    { what: "stdin from the output", files: { output: "in" }, shell: `"$@" < in 2>&1`, says: "the input and --output in are" },
    {
      what: "stdout into the errors",
      files: { errors: "in" },
      shell: `"$@" < /dev/null 2>&1 >> in`,
      says: "--output and --errors in are",
    },
    {
      what: "stdout twice",
      files: { errors: "-" },
      shell: `"$@" 2>&1 >> in`,
      says: "--output and --errors - are",
    },
    {
      what: "a descriptor of the errors",
      files: { output: "/dev/fd/3", errors: "in" },
      shell: `"$@" 2>&1 3>> in`,
      says: "--output /dev/fd/3 and --errors in are",
    },
  ])("finds out what the shell has opened: $what", async ({ files, shell, says }) => {
    const { stdout } = await runScript(
      `await assertDistinctFiles(JSON.parse(argument(0))).catch((error) => console.error(error.name, error.message));`,
      [JSON.stringify(files)],
      { shell: `cd ${directoryOfNames()} && ${shell}` },
    );
    expect(stdout).toBe(`ConfigurationError ${says} the same file; give each a name of its own\n`);
  });
});

function directoryOfNames(): string {
  const directory = temporaryDirectory();
  for (const name of ["in", "old.partial"]) writeFileSync(join(directory, name), "");
  mkdirSync(join(directory, "folder"));
  symlinkSync("in", join(directory, "symbolic"));
  linkSync(join(directory, "in"), join(directory, "hard"));
  symlinkSync(".", join(directory, "same"));
  symlinkSync("new", join(directory, "dangling"));
  makePipe(join(directory, "pipe"));
  return directory;
}

function within(directory: string, files: RunFiles): RunFiles {
  const { inputs, ...outputs } = files;
  const moved = Object.fromEntries(Object.entries(outputs).map(([role, name]) => [role, `${directory}/${name}`]));
  return inputs === undefined ? moved : { ...moved, inputs: inputs.map((name) => `${directory}/${name}`) };
}
