import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openOutput } from "../../../src/cli/output/open-output.ts";
import { anyCodeUnit, temporaryDirectory } from "../scripts.ts";

describe("openOutput with a regular file", () => {
  it("writes FILE.partial as it goes, and gives it the name FILE only when all is written", async () => {
    const file = join(temporaryDirectory(), "out.jsonl");
    const output = await openOutput(file);
    output.write("one\n");
    await output.flush();
    expect(readFileSync(`${file}.partial`, "utf8")).toBe("one\n");
    expect(existsSync(file)).toBe(false);
    output.write("two\n");
    await output.finish();
    expect(readFileSync(file, "utf8")).toBe("one\ntwo\n");
    expect(readdirSync(join(file, ".."))).toEqual(["out.jsonl"]);
  });

  it("is safe with its end where that has begun", async () => {
    const file = join(temporaryDirectory(), "out.jsonl");
    const output = await openOutput(file);
    output.write("one\n");
    const synced = output.sync().then(() => readFileSync(file, "utf8"));
    const ending = output.finish();
    const syncedLater = output.sync().then(() => readFileSync(file, "utf8"));
    await ending;
    await expect(Promise.all([synced, syncedLater])).resolves.toEqual(["one\n", "one\n"]);
    await output.sync();
  });

  it("writes a line at once, so that a slow run can be followed", async () => {
    const file = join(temporaryDirectory(), "out.jsonl");
    const output = await openOutput(file);
    output.write("one\n");
    await vi.waitFor(() => expect(readFileSync(`${file}.partial`, "utf8")).toBe("one\n"), 20_000);
    await output.abandon();
  });

  it("leaves an older FILE as it is until the end, and for good when the run is abandoned", async () => {
    const file = join(temporaryDirectory(), "out.jsonl");
    writeFileSync(file, "older\n");
    const abandoned = await openOutput(file);
    abandoned.write("new\n");
    await abandoned.abandon();
    expect(readFileSync(file, "utf8")).toBe("older\n");
    expect(readFileSync(`${file}.partial`, "utf8")).toBe("new\n");
    const finished = await openOutput(file);
    expect(readFileSync(`${file}.partial`, "utf8")).toBe("");
    finished.write("newer\n");
    expect(readFileSync(file, "utf8")).toBe("older\n");
    await finished.finish();
    expect(readFileSync(file, "utf8")).toBe("newer\n");
  });

  it("keeps every byte of every text", async () => {
    const file = join(temporaryDirectory(), "out.jsonl");
    const texts = fc.array(fc.tuple(fc.string({ unit: anyCodeUnit, maxLength: 10 }), fc.nat(3000)));
    await fc.assert(
      fc.asyncProperty(texts, async (pieces) => {
        const output = await openOutput(file);
        for (const [unit, times] of pieces) await output.write(unit.repeat(times));
        await output.finish();
        const expected = Buffer.concat(pieces.map(([unit, times]) => Buffer.from(unit.repeat(times))));
        expect(readFileSync(file).equals(expected)).toBe(true);
      }),
      { numRuns: 8 },
    );
  });

  it("does nothing when it is finished or abandoned a second time", async () => {
    const file = join(temporaryDirectory(), "out.jsonl");
    const output = await openOutput(file);
    output.write("one\n");
    await output.finish();
    await output.finish();
    await output.abandon();
    expect(readFileSync(file, "utf8")).toBe("one\n");
    await expect(output.write("two\n")).rejects.toThrow("after its end");
  });

  it.each([
    { umask: "000", mode: 0o666 },
    { umask: "022", mode: 0o644 },
    { umask: "077", mode: 0o600 },
  ])("is readable by its owner alone while it is written, then follows the umask $umask", async ({ umask, mode }) => {
    withUmask(Number.parseInt(umask, 8));
    const file = join(temporaryDirectory(), "out.jsonl");
    const output = await openOutput(file);
    expect(modeOf(`${file}.partial`)).toBe(0o600);
    expect(modeOf(`${file}.lock`)).toBe(0o600);
    await output.finish();
    expect(modeOf(file)).toBe(mode);
  });

  it("keeps the mode of an older FILE", async () => {
    withUmask(0o022);
    const file = join(temporaryDirectory(), "out.jsonl");
    writeFileSync(file, "older");
    chmodSync(file, 0o660);
    const output = await openOutput(file);
    await output.finish();
    expect(modeOf(file)).toBe(0o660);
  });

  it("does not write into a file planted as FILE.partial", async () => {
    const directory = temporaryDirectory();
    const [file, victim] = [join(directory, "out.jsonl"), join(directory, "victim")];
    writeFileSync(victim, "precious");
    symlinkSync(victim, `${file}.partial`);
    const output = await openOutput(file);
    output.write("answer");
    await output.finish();
    expect(readFileSync(victim, "utf8")).toBe("precious");
    expect(lstatSync(file).isFile()).toBe(true);
  });

  it("replaces what a symbolic link points to, not the link, also when nothing is there yet", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "elsewhere"));
    symlinkSync("elsewhere/real.jsonl", join(directory, "link.jsonl"));
    for (const answer of ["first", "second"]) {
      const output = await openOutput(join(directory, "link.jsonl"));
      output.write(answer);
      await output.finish();
      expect(lstatSync(join(directory, "link.jsonl")).isSymbolicLink()).toBe(true);
      expect(readFileSync(join(directory, "elsewhere", "real.jsonl"), "utf8")).toBe(answer);
    }
  });
});

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

function withUmask(umask: number): void {
  const before = process.umask(umask);
  onTestFinished(() => {
    process.umask(before);
  });
}
