const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

const durationPattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)?$/;

/**
 * Parses a duration: `30d`, `12h`, `90s`, `1.5h`; a bare number is seconds.
 *
 * @returns milliseconds; undefined if `text` is not a duration.
 */
export function parseDurationMs(text: string): number | undefined {
  const [, amount, unit] = durationPattern.exec(text.trim()) ?? [];
  if (amount === undefined) return undefined;
  return Number(amount) * unitMs[isUnit(unit) ? unit : "s"];
}

function isUnit(text: string | undefined): text is keyof typeof unitMs {
  return text !== undefined && text in unitMs;
}
