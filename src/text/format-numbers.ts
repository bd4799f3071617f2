/** `12,400`. Not by `Intl`, whose data take 20 to 30 ms to load. */
export function formatCount(count: number): string {
  return count.toFixed(0).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `1 line`, `12,400 lines`. */
export function formatAmount(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** `85`, `8.5`, `0.85`: at least two digits. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return "0";
  if (perSecond < 0.995) return perSecond.toFixed(2);
  return perSecond < 9.95 ? perSecond.toFixed(1) : formatCount(perSecond);
}

/** `$ 1.24`, `$ 1,024.00`; `$ 0.042`, `$ 0.0042`: two digits at least. In ASCII, for the bar. `?` for null, which is not known. */
export function formatUsd(usd: number | null): string {
  if (usd === null) return "?";
  const cents = Math.round(usd * 100);
  if (cents >= 10 || usd === 0) return `$ ${formatCount(Math.floor(cents / 100))}.${twoDigits(cents % 100)}`;
  return `$ ${usd.toFixed(Math.min(9, 1 - Math.floor(Math.log10(usd))))}`;
}

/** `43s`, `1m 43s`, `2h 05m`, `3d 04h` */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${twoDigits(whole % 60)}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${twoDigits(minutes % 60)}m`;
  const hours = Math.round(seconds / 3600);
  return `${formatCount(Math.floor(hours / 24))}d ${twoDigits(hours % 24)}h`;
}

/** `0.8 ms`, `812 ms`, `1.9 s`, `2m 05s` */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds < 9.95) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 59_950 ? `${(milliseconds / 1000).toFixed(1)} s` : formatDuration(milliseconds / 1000);
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}
