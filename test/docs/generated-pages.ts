import { readdirSync } from "node:fs";
import { join } from "node:path";
import { environmentVariableOf, flagOf, optionTable } from "../../src/config/option-table.ts";
import { project, readPage } from "./pages.ts";

/** `docs/options.md`, from the table that the flags, the variables and the configuration file are made from. */
export function optionsPage(): string {
  const rows = optionTable.map(({ key, short, value, default: byDefault = "", description }) => [
    `\`${short === undefined ? "" : `${short}, `}${flagOf(key)}${value === undefined ? "" : ` ${value}`}\``,
    byDefault,
    description,
  ]);
  return `# Options of \`llmbatch run\`

<!-- Made from src/config/option-table.ts by \`npm run docs:generate\`. -->

${table(["option", "default", "meaning"], rows)}

- Each option is also an environment variable, \`${environmentVariableOf("max_retries")}=3\`, and a key of \`llmbatch.config.json\`, \`{"max_retries": 3}\`, or of the
  file that \`--config\` names. Flags win over variables, variables over the file. Switches are \`true\` or \`false\` there; options that can
  be given several times (\`${optionTable
    .filter(({ repeatable }) => repeatable)
    .map(({ key }) => flagOf(key))
    .join("`, `")}\`) are lists.
- A variable \`LLMBATCH_…\` that is none of these is warned of: it is probably mistyped.
- TIME is a number of seconds, or has a unit: \`500ms\`, \`90s\`, \`10m\`, \`12h\`, \`30d\`, \`4w\`. N is a whole number, also written as \`1e6\`.
- Keys come from the environment only, never from a flag: see [providers and routes](providers-and-routes.md#one-provider).
- \`providers\`, \`routes\` and \`prices\` stand in the file only: see
  [providers and routes](providers-and-routes.md#several-the-configuration-file). What \`--prices\` names is \`prices_file\` there.
- The other commands: \`llmbatch validate --help\`, \`check\`, \`providers\`, \`models\`, \`cache\`, \`mock\`.
`;
}

/** `docs/decisions/README.md`, from the decisions. */
export function decisionsPage(): string {
  const items = decisions().map(({ name, number, title, status }) => {
    const item = `- [${number}](${name}) ${title}`;
    return status === "accepted" ? item : `${item}\n  (${status})`;
  });
  return `# Decisions

<!-- Made from the decisions by \`npm run docs:generate\`. -->

One file for each: the context, what was measured, what was decided, and whether it stands. A decision is not rewritten: a new one supersedes it.

${items.join("\n")}
`;
}

export interface Decision {
  readonly name: string;
  readonly number: string;
  readonly title: string;
  readonly status: string;
  readonly text: string;
}

export function decisions(): Decision[] {
  const folder = join(project, "docs", "decisions");
  return readdirSync(folder)
    .filter((name) => /^\d/.test(name))
    .map((name) => {
      const { text } = readPage(join(folder, name));
      const [, number = "", title = ""] = /^# (\d+)\. (.+)$/m.exec(text) ?? [];
      const [, status = ""] = /^Status: (.+)$/m.exec(text) ?? [];
      return { name, number, title, status, text };
    });
}

/** As the formatter writes it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[], filler: string): string =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width, filler)).join(" | ")} |`;
  return [line(head, " "), line([], "-"), ...rows.map((row) => line(row, " "))].join("\n");
}
