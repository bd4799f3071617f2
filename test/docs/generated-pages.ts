import { readdirSync } from "node:fs";
import { join } from "node:path";
import { environmentVariableOf, flagOf, optionTable } from "../../src/config/option-table.ts";
import { type SanitizingRule, sanitizingRules } from "../../src/sanitizing/sanitizing.ts";
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
- The other commands: \`llmbatch validate --help\`, \`estimate\`, \`serve\`, \`check\`, \`providers\`, \`models\`, \`cache\`, \`mock\`.
`;
}

/** `docs/sanitizing.md`, from the rules. */
export function sanitizingPage(): string {
  const items = sanitizingRules.map(({ whose, change, when, source, date }) => {
    const condition = when === undefined ? "" : `, ${conditions[when]}`;
    return `- ${wrapped(`**${whose}**${condition}: ${changeInWords(change)}`)}\n  ([${date}](${source}))`;
  });
  return `# What models are known to refuse

<!-- Made from src/sanitizing/rules.ts by \`npm run docs:generate\`. -->

What [\`--sanitize\`](context.md#what-a-model-refuses) warns of (\`warn\`) or changes (\`fix\`). Whose model it is, the address says that requests
go to. Each rule has its source and that source's day: models change, and a rule that is wrong is a bug. "but 1" is a value that is accepted all
the same. What no rule names is not changed, and neither are the values of anything else.

${items.join("\n")}
`;
}

/** Into lines of at most 140 characters, those after the first indented as those of a list are. */
function wrapped(text: string): string {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line.length + word.length > 140) lines.push(`  ${word}`);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n");
}

const conditions: Readonly<Record<NonNullable<SanitizingRule["when"]>, string>> = {
  "effort-given": "where an effort of reasoning is asked for",
  "effort-not-none": "where the effort of reasoning is not `none`",
  "not-streamed": "where there is no `stream`",
  "has-temperature": "beside `temperature`",
};

function changeInWords(change: SanitizingRule["change"]): string {
  if ("add" in change) return `\`+${change.add}=${change.value}\` where there is none`;
  if ("rename" in change) return `\`${change.rename} -> ${change.to}\``;
  const { drop, accepts = {} } = change;
  return drop.map((key) => (Object.hasOwn(accepts, key) ? `\`${key}\` (but ${String(accepts[key])})` : `\`${key}\``)).join(", ");
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
