/** 15 significant digits always survive a double, unless it is tiny; more may not. */
const exactDigits = 15;
const smallestPrecise = 2 ** -1022;

/**
 * A number as RFC 8785 writes it, where a double can hold it; otherwise, and for `true`, `false`, `null`, the text as it stands: two
 * numbers that differ never become the same.
 */
export function canonicalNumber(scalar: string): string {
  const value = Number(scalar);
  if (Number.isNaN(value)) return scalar; // true, false, null
  const written = String(value);
  if (written === scalar) return written;
  const digits = scalar
    .replace(/[eE].*$/, "")
    .replace(/\D/g, "")
    .replace(/^0+/, "");
  const isPrecise = digits === "" || (Number.isFinite(value) && Math.abs(value) >= smallestPrecise);
  return isPrecise && digits.length <= exactDigits ? written : scalar;
}
