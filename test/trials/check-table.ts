/** Which client did what, one row each. */
export class CheckTable {
  readonly #node: string;
  readonly #rows = new Map<string, Map<string, string>>();
  readonly #problems: string[] = [];

  /** @param node The version that the clients run in. */
  constructor(node: string) {
    this.#node = node;
  }

  /** @param cell What to show. @param problem What is wrong, if something is. */
  add(client: string, check: string, cell: string, problem?: string): void {
    const row = this.#rows.get(client) ?? new Map<string, string>();
    this.#rows.set(client, row.set(check, problem === undefined ? cell : `✗ ${cell}`));
    if (problem !== undefined) this.#problems.push(`${client}, ${check}: ${problem}`);
  }

  /** Prints it. @returns what is wrong. */
  print(title: string): string[] {
    const checks = new Set<string>();
    for (const row of this.#rows.values()) for (const check of row.keys()) checks.add(check);
    const table = [["", ...checks]];
    for (const [client, row] of this.#rows) table.push([client, ...Array.from(checks, (check) => row.get(check) ?? "–")]);
    const widths = table[0]?.map((_, at) => Math.max(...table.map((line) => line[at]?.length ?? 0))) ?? [];
    const texts = table.map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    );
    console.log(`\n${title} (clients in node ${this.#node})\n${texts.join("\n")}\n`);
    return this.#problems;
  }
}
