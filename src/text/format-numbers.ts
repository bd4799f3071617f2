/** `12,400`. Not by `Intl`, whose data take 20 to 30 ms to load. */
export function formatCount(count: number): string {
  return count.toFixed(0).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `85`, `8.5`, `0.85`: at least two digits. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return "0";
  if (perSecond < 0.995) return perSecond.toFixed(2);
  return perSecond < 9.95 ? perSecond.toFixed(1) : formatCount(perSecond);
}

/** `$ 1.24`, `$ 1,024.00`, `$ 0.0042`: of less than ten cents two digits. ASCII, for the bar. `?` for null, which is not known. */
export function formatUsd(usd: number | null): string {
  if (usd === null) return "?";
  if (usd >= 0.095 || usd === 0) return `$ ${formatCount(Math.floor(usd + 0.005))}.${cents(usd)}`;
  const digits = 1 - Math.floor(Math.log10(usd));
  return `$ ${usd.toFixed(Math.min(digits, 9))}`;
}

function cents(usd: number): string {
  return twoDigits(Math.round(usd * 100) % 100);
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
