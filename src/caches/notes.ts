import { randomUUID } from "node:crypto";
import { parseStored } from "./stored-answer.ts";
import type { Query } from "./tables.ts";

/** Notes are rows of Keyv's table, written as Keyv writes a text: `{"value":"…"}`. Another format needs another prefix. */
const prefix = "llmbatch-notes-1:";

/** The rows of all versions, those of versions which kept answers here as well. */
export const anyNote = "key >= 'llmbatch-' AND key < 'llmbatch.'";

const noteOfThisVersion = "key >= 'llmbatch-notes-1:' AND key < 'llmbatch-notes-1;'";

/** @returns undefined if there is none, or something else wrote it. */
export async function readNote(query: Query, name: string): Promise<string | undefined> {
  const [row] = await query("SELECT value FROM keyv WHERE key = ?", [prefix + name]);
  const value = row?.["value"];
  const note = typeof value === "string" ? parseStored(value) : undefined;
  return typeof note === "object" && note !== null && "value" in note && typeof note.value === "string" ? note.value : undefined;
}

export async function writeNote(query: Query, name: string, text: string): Promise<void> {
  const sql = "INSERT INTO keyv (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
  await query(sql, [prefix + name, JSON.stringify({ value: text })]);
}

export async function deleteNotes(query: Query): Promise<void> {
  await query(`DELETE FROM keyv WHERE ${noteOfThisVersion}`);
}

/** Writes a note, reads it back and deletes it. */
export async function probe(query: Query): Promise<void> {
  const name = `probe-${randomUUID()}`;
  await writeNote(query, name, name);
  const text = await readNote(query, name);
  await query("DELETE FROM keyv WHERE key = ?", [prefix + name]);
  if (text !== name) throw new Error("what is written to it does not come back");
}
