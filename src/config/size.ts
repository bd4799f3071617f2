const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
  TIB: 1024 ** 4,
};

const sizePattern = /^(\d+\.?\d*|\.\d+) ?([a-z]*)$/i;

/** Of a size, for messages. */
export const sizeExample = "2GB, 500MB or 1GiB, or a number of bytes";

/** Parses a size: `2GB`, `500 MB`, `1.5GiB`; upper or lower case. @returns bytes; undefined if `text` is not a size. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit = ""] = sizePattern.exec(text.trim()) ?? [];
  const bytes = Number(amount) * (unitBytes[unit.toUpperCase() || "B"] ?? Number.NaN);
  return Number.isFinite(bytes) ? bytes : undefined;
}
