import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../src/cli/program.ts";
import { exitCodes } from "../../src/cli/exit-codes.ts";
import { failureKinds } from "../../src/model/failure.ts";
import { presets } from "../../src/providers/providers.ts";
import { pages, project, readPage } from "./pages.ts";

const everything = [...pages, readPage(join(project, ".github", "CONTRIBUTING.md")), readPage(join(project, "src", "README.md"))];

describe("what is documented is whole", () => {
  it("docs/library.md shows each export", () => {
    const source = readFileSync(join(project, "src", "index.ts"), "utf8").replaceAll(/\/\*.*?\*\//gs, "");
    const names = [...source.matchAll(/\{(.*?)\}/gs)].flatMap(
      ([, list = ""]) => list.match(/\b(?!type\b)\w+\b(?!\s+as\b)/g) ?? [],
    );
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name) => !pageOf("docs/library.md").includes(`\`${name}\``))).toEqual([]);
  });

  it("docs/providers-and-routes.md lists the presets, and no others", () => {
    const [, listed = ""] = /^`--provider` is one of (.*?), or `mock`/ms.exec(pageOf("docs/providers-and-routes.md")) ?? [];
    expect(listed.match(/\w+/g)).toEqual(Object.keys(presets));
  });

  it("docs/output.md explains each error code and each exit code", () => {
    const output = pageOf("docs/output.md");
    expect(failureKinds.filter((kind) => !output.includes(`\`${kind}\``))).toEqual([]);
    expect(
      [...Object.values(exitCodes), 130, 143].filter((code) => !new RegExp(`^\\| ${code}\\b|; ${code} `, "m").test(output)),
    ).toEqual([]);
  });

  it("samples/README.md names each sample", () => {
    const samples = readdirSync(join(project, "samples")).filter((name) => /\.(jsonl|js)$/.test(name));
    expect(samples.filter((name) => !pageOf("samples/README.md").includes(`\`${name}\``))).toEqual([]);
  });

  it("docs/README.md links each page", () => {
    const unlinked = pages.filter(({ path }) => path.startsWith("docs/") && path !== "docs/README.md");
    expect(unlinked.filter(({ path }) => !pageOf("docs/README.md").includes(`(${path.slice(5)})`))).toEqual([]);
  });
});

describe("what is named exists", () => {
  const scripts: Record<string, unknown> = JSON.parse(readFileSync(join(project, "package.json"), "utf8")).scripts;

  it.each(everything)("npm scripts in $path", ({ text }) => {
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].flatMap(([, name]) => name ?? []);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it.each(everything)("commands and flags in $path", ({ text }) => {
    const program = createProgram(
      () => {},
      () => {},
    );
    const calls = text.matchAll(/llmbatch (run|validate|estimate|providers|check|models|cache|mock|serve|worker)\b([^`|\n]*)/g);
    for (const [call, name, rest = ""] of calls) {
      const known = new Set(program.commands.filter((command) => command.name() === name).flatMap(flagsOf));
      const used = rest.replaceAll(/'[^']*'|#.*/g, "").match(/(?<= )--?[a-z][\w-]*/g) ?? [];
      expect(
        used.filter((flag) => !known.has(flag)),
        call,
      ).toEqual([]);
    }
  });
});

describe("what is read standing", () => {
  it("README.md is one page", () => {
    expect(pageOf("README.md").split("\n").length - 1).toBeLessThanOrEqual(130);
  });

  it.each(everything)("no line of $path is wider than 150 characters", ({ text }) => {
    expect(text.split("\n").filter((line) => line.length > 150)).toEqual([]);
  });
});

function pageOf(path: string): string {
  return pages.find((page) => page.path === path)?.text ?? "";
}

function flagsOf(command: Command): string[] {
  const own = command.options.flatMap(({ short, long }) => [short, long]).filter((flag) => typeof flag === "string");
  return [...own, ...command.commands.flatMap(flagsOf), "--help"];
}
