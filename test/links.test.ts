import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, it } from "vitest";

const project = join(import.meta.dirname, "..");
const folders = [".github", "docs", "samples", "src", "test"].filter((folder) => existsSync(join(project, folder)));
const pages = folders
  .flatMap((folder) =>
    readdirSync(join(project, folder), { recursive: true, encoding: "utf8" }).map((path) => join(folder, path)),
  )
  .concat(readdirSync(project))
  .filter((path) => path.endsWith(".md") && !path.includes("node_modules"));

it.each(pages)("%s: every relative link leads to a file, and every anchor to a heading", (page) => {
  const path = join(project, page);
  const targets = [...proseOf(path).matchAll(/\]\(([^)\s]+)[^)]*\)|^\[[^\]]+\]:\s+(\S+)|\b(?:href|src)="([^"]+)"/gm)]
    .map(([, inline, reference, html]) => inline ?? reference ?? html ?? "")
    .filter((target) => !/^[a-z][a-z+.-]*:/i.test(target)); // https:, mailto:
  const dead = targets.filter((target) => {
    const [file = "", anchor] = target.split("#");
    const linked = file === "" ? path : resolve(dirname(path), decodeURI(file));
    if (!existsSync(linked) || relative(project, linked).startsWith("..")) return true;
    return anchor !== undefined && linked.endsWith(".md") && !anchorsOf(linked).has(anchor);
  });
  expect(dead).toEqual([]);
});

/** Without code, in which brackets are no links. */
function proseOf(path: string): string {
  return readFileSync(path, "utf8")
    .replaceAll(/^(```|~~~)[^]*?^\1/gm, "")
    .replaceAll(/`[^`\n]+`/g, "`code`");
}

/** The names that GitHub gives to headings; the second of the same name ends in `-1`. */
function anchorsOf(path: string): Set<string> {
  const anchors = new Set<string>();
  const text = readFileSync(path, "utf8").replaceAll(/^(```|~~~)[^]*?^\1/gm, "");
  for (const [, heading = ""] of text.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
    let name = slug;
    for (let copy = 1; anchors.has(name); copy += 1) name = `${slug}-${copy}`;
    anchors.add(name);
  }
  for (const [, id = ""] of text.matchAll(/\b(?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}
