export type Row = readonly [name: string, text: string];

/** Aligns texts behind their names, without a final line feed. */
export function formatRows(rows: readonly Row[]): string {
  return rows.map(([name, text]) => `  ${name.padEnd(12)}${text}`).join("\n");
}
