/**
 * Makes any text safe for one line of a terminal: characters that move the cursor, change the terminal, break the line, reverse or hide
 * text are escaped as `\u001b`. The escapes are those of JSON, so JSON text keeps its meaning.
 *
 * @param maxLength In UTF-16 units; longer text is truncated, between characters and escapes, and ends in `…`.
 */
export function printable(text: string, maxLength: number = Number.POSITIVE_INFINITY): string {
  if (text.length <= maxLength && !unprintable.test(text)) return text;
  let line = "";
  let lengthBeforeEllipsis = 0;
  for (const character of text) {
    line += unprintable.test(character) ? escaped(character) : character;
    if (line.length > maxLength) return `${line.slice(0, lengthBeforeEllipsis)}…`;
    if (line.length < maxLength) lengthBeforeEllipsis = line.length;
  }
  return line;
}

/** Controls (C0, DEL, C1), line separators, lone surrogates, the format characters (bidi controls, zero widths, tags), and U+2065 among them. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u2065]/u;

function escaped(character: string): string {
  let text = "";
  for (let at = 0; at < character.length; at += 1) {
    text += `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
  }
  return text;
}
