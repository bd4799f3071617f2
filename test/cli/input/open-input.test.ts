import { appendFileSync, chmodSync, createWriteStream, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { InputError } from "../../../src/cli/input/input-error.ts";
import { chooseInputs, openInput } from "../../../src/cli/input/open-input.ts";
import { ConfigurationError } from "../../../src/model/errors.ts";
import { makePipe, runScript, startScript, temporaryDirectory } from "../scripts.ts";

const noStdin = Readable.from([]);

describe("chooseInputs", () => {
  it.each([
    { given: ["requests.jsonl"], terminal: true, paths: ["requests.jsonl"] },
    { given: ["a.jsonl", "b.jsonl"], terminal: false, paths: ["a.jsonl", "b.jsonl"] },
    { given: ["-"], terminal: true, paths: ["-"] },
    { given: [], terminal: false, paths: ["-"] },
    { given: [], terminal: true, paths: undefined },
    { given: [""], terminal: false, paths: [""] },
  ])("$given with a terminal at stdin: $terminal -> $paths", ({ given, terminal, paths }) => {
    expect(chooseInputs(given, terminal)).toEqual(paths);
  });
});

describe("the version of an input", () => {
  it("is the same for a file that lies still, and another for another file", async () => {
    const versions = await Promise.all(["package.json", "tsconfig.json", "package.json"].map(versionOf));
    expect(versions[0]).toMatch(/^\d+ \d+ \d+ \d+ \d+$/);
    expect(versions[2]).toBe(versions[0]);
    expect(versions[1]).not.toBe(versions[0]);
  });

  it("is unknown of a file that changed just now: it could change again within one step of the clock", async () => {
    const path = join(temporaryDirectory(), "requests.jsonl");
    writeFileSync(path, "{}");
    expect(await versionOf(path)).toBeUndefined();
  });

  it("is unknown of what can be read only once", async () => {
    expect(await versionOf("/dev/null")).toBeUndefined();
    expect(await versionOf("-")).toBeUndefined();
  });
});

async function versionOf(path: string): Promise<string | undefined> {
  const input = await openInput(path, noStdin);
  const version = await input.version();
  await input.close();
  return version;
}

describe("openInput with a file", () => {
  it.each([0, 1, 64 * 1024, 64 * 1024 + 1, 3_000_000])(
    "gives its %i bytes, in pieces, as often as they are asked for",
    async (size) => {
      const path = join(temporaryDirectory(), "requests.jsonl");
      const content = Buffer.from(Array.from({ length: size }, (_, at) => at % 251));
      writeFileSync(path, content);
      const input = await openInput(path, noStdin);
      expect(input).toMatchObject({ name: path, rereadable: true });
      for (let time = 0; time < 2; time += 1) {
        const chunks = await chunksOf(input);
        expect(Buffer.concat(chunks).equals(content)).toBe(true);
        for (const chunk of chunks) expect(chunk.length).toBeLessThanOrEqual(256 * 1024);
      }
      await input.close();
    },
  );

  it("reads on in the file that was checked when another one takes its name", async () => {
    const path = join(temporaryDirectory(), "requests.jsonl");
    writeFileSync(path, "checked\n");
    const input = await openInput(path, noStdin);
    await chunksOf(input);
    writeFileSync(`${path}.new`, "unchecked\n");
    renameSync(`${path}.new`, path);
    expect(Buffer.concat(await chunksOf(input)).toString()).toBe("checked\n");
    await input.close();
  });

  it("refuses a file that has changed since it was checked", async () => {
    const path = join(temporaryDirectory(), "requests.jsonl");
    writeFileSync(path, "checked\n");
    const input = await openInput(path, noStdin);
    await chunksOf(input);
    appendFileSync(path, "unchecked\n");
    const rereading = chunksOf(input);
    await expect(rereading).rejects.toThrow(ConfigurationError);
    await expect(rereading).rejects.toThrow(`${path} has changed while it was being checked; run the same command again`);
    await input.close();
  });

  it("ends with an error, not as if the file were over, when it is closed while it is read", async () => {
    const path = join(temporaryDirectory(), "requests.jsonl");
    writeFileSync(path, "x".repeat(1_000_000));
    const input = await openInput(path, noStdin);
    const iterator = input[Symbol.asyncIterator]();
    await iterator.next();
    await input.close();
    await expect(iterator.next()).rejects.toThrow(InputError);
  });

  it("reads a device, once", async () => {
    const input = await openInput("/dev/null", noStdin);
    expect(input.rereadable).toBe(false);
    expect(await chunksOf(input)).toEqual([]);
    await input.close();
  });

  it.each([
    { name: "missing.jsonl", problem: "there is no such file or directory" },
    { name: "folder", problem: "it is a directory" },
    { name: "file/requests.jsonl", problem: "a part of its path is not a directory" },
  ])("says why it cannot read $name", async ({ name, problem }) => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "folder"));
    writeFileSync(join(directory, "file"), "");
    await expect(openInput(join(directory, name), noStdin)).rejects.toThrow(
      new ConfigurationError(`cannot read ${join(directory, name)}: ${problem}`),
    );
  });

  it("says that it has no permission, or no name", async () => {
    const directory = temporaryDirectory();
    chmodSync(directory, 0o755);
    const path = join(directory, "secret");
    writeFileSync(path, "", { mode: 0o000 });
    const open = `await openInput(argument(0), process.stdin).catch((error) => console.log(error.name, error.message));`;
    const { stdout } = await runScript(open, [path], { unprivileged: true });
    expect(stdout).toBe(`ConfigurationError cannot read ${path}: permission denied\n`);
    await expect(openInput("", noStdin)).rejects.toThrow("cannot read a file without a name");
  });
});

describe("openInput with a named pipe", () => {
  it("does not wait for a writer, reads all that comes, and only once", async () => {
    const path = makePipe(join(temporaryDirectory(), "pipe"));
    const input = await openInput(path, noStdin);
    expect(input).toMatchObject({ name: path, rereadable: false });
    const reading = chunksOf(input);
    const writer = createWriteStream(path);
    for (let piece = 0; piece < 50; piece += 1) writer.write("x".repeat(20_000));
    writer.end("end");
    const read = Buffer.concat(await reading).toString();
    expect(read).toBe(`${"x".repeat(1_000_000)}end`);
    await expect(chunksOf(input)).rejects.toThrow("can be read only once");
    await input.close();
  });

  it("ends with an error, not as if the input were over, when it is closed while it waits", async () => {
    const input = await openInput(makePipe(join(temporaryDirectory(), "pipe")), noStdin);
    const reading = chunksOf(input);
    await Promise.all([expect(reading).rejects.toThrow(InputError), input.close()]);
  });

  it("lets the process end when the pipe never gets a writer: a blocking read kept it for ever", async () => {
    const path = makePipe(join(temporaryDirectory(), "pipe"));
    const read = `
      const input = await openInput(argument(0), process.stdin);
      setTimeout(() => input.close(), 50);
      for await (const chunk of input);`;
    const { exitCode, stderr } = await runScript(`try { ${read} } catch (error) { console.error(error.name); }`, [path]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "InputError\n" });
  });
});

describe("openInput with stdin", () => {
  it.each(["-", "/dev/stdin", "/dev/fd/0"])("reads the stream it is given (%s)", async (path) => {
    const input = await openInput(path, Readable.from([Buffer.from("one\n"), Buffer.from("two\n")]));
    expect(input).toMatchObject({ name: "stdin", rereadable: false });
    expect(Buffer.concat(await chunksOf(input)).toString()).toBe("one\ntwo\n");
  });

  const count = `
    let bytes = 0;
    for await (const chunk of await openInput(argument(0), process.stdin)) bytes += chunk.length;
    console.log(bytes);`;

  it("reads a pipe, and a file from where it stands", async () => {
    const piped = await runScript(count, ["-"], { shell: `head -c 2000000 /dev/zero | "$@"` });
    expect(piped.stdout).toBe("2000000\n");
    const file = join(temporaryDirectory(), "requests.jsonl");
    writeFileSync(file, "skipped\nread\n");
    const redirected = await runScript(count, ["/dev/stdin"], { shell: `(read line; exec "$@") < ${file}` });
    expect(redirected.stdout).toBe("5\n");
  });

  it("refuses a directory, which would look like an empty input", async () => {
    const { stderr } = await runScript(count, ["-"], { shell: `"$@" < ${temporaryDirectory()}` });
    expect(stderr).toContain("ConfigurationError: cannot read stdin: it is a directory");
  });

  it("ends with an error when the stream breaks", async () => {
    const stdin = new PassThrough();
    const input = await openInput("-", stdin);
    stdin.write("one\n");
    stdin.destroy(new Error("broken"));
    await expect(chunksOf(input)).rejects.toMatchObject({ name: "InputError", message: "cannot read stdin any further: broken" });
  });

  it("lets the process end after close, though the writer goes on", async () => {
    const child = startScript(
      `const input = await openInput("-", process.stdin);
       for await (const chunk of input) break;
       await input.close();`,
      [],
      { stdio: ["pipe", "ignore", "inherit"] },
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.write("one\n");
    expect(await once(child, "exit")).toEqual([0, null]);
  });
});

async function chunksOf(input: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(Uint8Array.from(chunk)); // its memory is used again;
  return chunks;
}
