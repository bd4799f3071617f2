import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { features } from "./feature-table.ts";
import { project } from "./pages.ts";

const tests = join(import.meta.dirname, "..");

/** Whether a file has a test of that title, written as the title of one that runs. */
function hasTest(file: string, title: string): boolean {
  const path = join(tests, file);
  if (!existsSync(path)) return false;
  const quoted = title.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const call =
    String.raw`(?:\b(?:it|describe|test)(?:\.(?:each|for)\(.*\))?|\](?: as const)?)\)?\(\s*["'` + "`]" + quoted + "[\"'`]\\s*,";
  const asRow = `^\\s*\\[?\\s*["']${quoted}["'],`;
  return new RegExp(`${call}|${asRow}`, "m").test(readFileSync(path, "utf8"));
}

describe("the features of five other systems", () => {
  it("are all there, once and in order: 92 rows", () => {
    expect(features.map(({ row }) => row)).toEqual(Array.from({ length: 92 }, (_, index) => index + 1));
  });

  it.each(features)(
    "row $row, $feature: is proved by tests that exist, or left out for a reason",
    ({ tests: proofs, reason }) => {
      expect(proofs.length > 0 || reason !== undefined).toBe(true);
      const missing = proofs.filter((proof) => {
        const [file = "", ...title] = proof.split(": ");
        return !hasTest(file, title.join(": "));
      });
      expect(missing).toEqual([]);
    },
  );

  it("are absent or partly there only where a decision or a page says so", () => {
    const elsewhere = features.filter(({ reason }) => reason !== undefined).map(({ row }) => row);
    expect(elsewhere).toEqual([56, 73, 91, 92]);
    const decisions = features.flatMap(({ reason = "" }) => reason.match(/docs\/\S+\.md/g) ?? []);
    expect(decisions.filter((path) => !existsSync(join(project, path)))).toEqual([]);
  });

  it("would be missed if their tests were: a title that no file has is found out", () => {
    expect(
      hasTest("docs/feature-table.test.ts", "would be missed if their tests were: a title that no file has is found out"),
    ).toBe(true);
    expect(hasTest("docs/feature-table.test.ts", "nothing of that kind")).toBe(false);
    expect(hasTest("docs/no-such-file.test.ts", "would be missed")).toBe(false);
  });
});
