import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { AnswerChecks } from "../../../src/manager/answers/answer-checks.ts";

const source = join(import.meta.dirname, "..", "..", "..", "src");

/** What `file` and those it imports, at once and not when it is needed, import: files of ours and packages. */
function loadedBy(file: string, loaded: Set<string> = new Set()): Set<string> {
  loaded.add(relative(source, file));
  for (const [, name = ""] of readFileSync(file, "utf8").matchAll(/^(?:import|export) (?!type )[^;]*?from "([^"]+)"/gms)) {
    if (!name.startsWith(".")) loaded.add(name);
    else if (!loaded.has(relative(source, join(dirname(file), name)))) loadedBy(join(dirname(file), name), loaded);
  }
  return loaded;
}

test("help and version once waited for every provider: what hides secrets in messages knows them", () => {
  const loaded = [...loadedBy(join(source, "cli", "main.ts"))];
  expect(loaded).toContain("commander");
  expect(loaded.filter((name) => /^(?:zod|keyv|@keyv|p-limit|providers|manager|limiters|caches|mock|http)/.test(name))).toEqual(
    [],
  );
});

test("what checks answers waits for its 60 ms of ajv until a run wants that", () => {
  const loaded = [...loadedBy(join(source, "index.ts")), ...loadedBy(join(source, "cli", "commands", "run.ts"))];
  expect(loaded).toContain("validation/compile-schema.ts");
  expect(loaded.filter((name) => name.startsWith("ajv"))).toEqual([]);
  expect(new AnswerChecks({}).load()).toBeUndefined();
});

test("undici waits for its 150 ms until a connection is opened: what is validated, estimated or recalled needs none", () => {
  const commands = readdirSync(join(source, "cli", "commands")).map((name) => join(source, "cli", "commands", name));
  const loaded = [join(source, "index.ts"), ...commands].flatMap((file) => Array.from(loadedBy(file)));
  expect(loaded).toContain("providers/transport/load-undici.ts");
  expect(loaded).not.toContain("undici");
});

test("a mistyped option once waited for every provider, and for undici: its message is free of secrets", () => {
  const loaded = [...loadedBy(join(source, "cli", "terminal", "print-error.ts"))];
  expect(loaded).toContain("text/redaction.ts");
  expect(loaded.filter((name) => /^(?:providers|undici|setup)/.test(name))).toEqual([]);
});
