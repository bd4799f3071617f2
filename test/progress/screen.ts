import { Writable } from "node:stream";

/**
 * A terminal for tests: obeys what is written to it and remembers what a person would see. Like most terminals it folds lines that
 * are too wide, and folds them anew when its width changes; the cursor stays with its text.
 */
export class TerminalScreen extends Writable {
  readonly isTTY = true;
  columns: number;
  /** All that was ever written. */
  written = "";
  #lines = [""];
  #line = 0;
  #at = 0;

  constructor(columns: number) {
    super({ decodeStrings: false });
    this.columns = columns;
  }

  /** What stands on the screen, rows folded at its width, empty rows at the end left out. */
  get rows(): string[] {
    const rows = this.#lines.flatMap((line) => this.#fold(line));
    while (rows.at(-1) === "") rows.pop();
    return rows;
  }

  /** The cursor's row and column. */
  get cursor(): readonly [row: number, column: number] {
    const above = this.#lines.slice(0, this.#line).flatMap((line) => this.#fold(line)).length;
    return [above + Math.floor(this.#at / this.columns), this.#at % this.columns];
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    const text = chunk.toString();
    this.written += text;
    for (const [token] of text.matchAll(controlOrCharacter)) this.#obey(token);
    done();
  }

  #obey(token: string): void {
    const rowStart = this.#at - (this.#at % this.columns);
    const line = this.#lines[this.#line] ?? "";
    switch (token) {
      case "\r":
        this.#at = rowStart;
        break;
      case "\n":
        this.#line += 1;
        this.#at = 0;
        this.#lines[this.#line] ??= "";
        break;
      case "\u001b[J":
        this.#lines.splice(this.#line, Infinity, line.slice(0, this.#at));
        break;
      case "\u001b[2K":
        this.#lines[this.#line] =
          `${line.slice(0, rowStart)}${" ".repeat(this.columns)}${line.slice(rowStart + this.columns)}`.trimEnd();
        break;
      default:
        if (token.startsWith(escape)) throw new Error(`this terminal does not know ${JSON.stringify(token)}`);
        this.#lines[this.#line] = line.padEnd(this.#at).slice(0, this.#at) + token + line.slice(this.#at + 1);
        this.#at += 1;
    }
  }

  #fold(line: string): string[] {
    const rows = line.trimEnd().match(new RegExp(`.{1,${this.columns}}`, "gu"));
    return rows ?? [""];
  }
}

const escape = "\u001b";
const controlOrCharacter = new RegExp(`${escape}\\[[?\\d;]*[A-Za-z]|[^]`, "gu");
