/** Replaces every secret in a text. */
export type Redact = (text: string) => string;

export const redacted = "[redacted]";

/** Shorter ones cannot be told from ordinary words. */
const minSecretLength = 4;
const minBase64Length = 8;

/** What people put where a key is asked for and none is needed. */
const placeholders = new Set([
  "dummy",
  "empty",
  "fake",
  "lm-studio",
  "no-key",
  "none",
  "not-needed",
  "null",
  "ollama",
  "sk-no-key-required",
  "test",
]);

/**
 * Finds secrets in what a server sent back, also when they were written otherwise on the way: escaped for JSON, a URL or HTML, once
 * or twice over, or in base64, alone or inside something longer. Costs about a microsecond where there is none.
 */
export function createRedact(secrets: readonly string[]): Redact {
  const worthHiding = secrets.filter((secret) => secret.length >= minSecretLength && !placeholders.has(secret.toLowerCase()));
  if (worthHiding.length === 0) return (text) => text;
  const forms = new Set([...worthHiding.flatMap(escapedForms), ...worthHiding.flatMap(base64Forms)]);
  const byLength = [...forms].toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(byLength.map((form) => form.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)).join("|"), "g");
  return (text) => text.replace(pattern, redacted);
}

/** For most keys all of these are the key itself. */
function escapedForms(secret: string): string[] {
  const once = escapes.map((escape) => escape(secret));
  const twice = once.flatMap((form) => escapes.map((escape) => escape(form)));
  return [secret, ...once, ...twice];
}

const escapes: readonly ((text: string) => string)[] = [
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => JSON.stringify(text).slice(1, -1).replaceAll("/", "\\/"), // PHP
  (text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replaceAll(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`), // Go
  encodeURIComponent,
  (text) => encodeURIComponent(text).replaceAll(/%../g, (byte) => byte.toLowerCase()),
  (text) => new URLSearchParams([["", text]]).toString().slice(1), // forms
  ...[
    ['"', "'"],
    ["&quot;", "'"],
    ["&quot;", "&#39;"],
    ["&quot;", "&#039;"], // PHP
    ["&quot;", "&#x27;"], // Python
    ["&#34;", "&#39;"], // Go
  ].map(
    ([doubleQuote = "", singleQuote = ""]) =>
      (text: string) =>
        escapeHtml(text, doubleQuote, singleQuote),
  ),
];

function escapeHtml(text: string, doubleQuote: string, singleQuote: string): string {
  const inText = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return inText.replaceAll('"', doubleQuote).replaceAll("'", singleQuote);
}

/** Base64 spells three bytes as four letters, so what surrounds a secret shifts it by 0, 1 or 2 bytes; whole groups stay. */
function base64Forms(secret: string): string[] {
  const padded = Buffer.from(secret).toString("base64");
  const groups = [0, 1, 2].map((shift) => wholeGroups(secret, shift)).filter((letters) => letters.length >= minBase64Length);
  const forms = [padded, padded.replace(/=+$/, ""), ...groups];
  return [...forms, ...forms.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}

function wholeGroups(secret: string, shift: number): string {
  const letters = Buffer.from(" ".repeat(shift) + secret).toString("base64");
  const end = Math.floor((shift + Buffer.byteLength(secret)) / 3) * 4;
  return letters.slice(shift === 0 ? 0 : 4, end);
}
