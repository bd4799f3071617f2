/** `$1,240.00`, `$4.98`, `$0.0123`, `$0.000042`: two digits at least that say something. */
export function formatDollars(usd: number): string {
  if (usd >= 1 || usd === 0) return `$${usd.toFixed(2).replaceAll(/\B(?=(?:\d{3})+\.)/g, ",")}`;
  const digits = Math.min(12, Math.max(2, 1 - Math.floor(Math.log10(usd))) + 1);
  return `$${usd.toFixed(digits).replace(/(\.\d{2}\d*?)0+$/, "$1")}`;
}
