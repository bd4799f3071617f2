const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

const durationPattern = /^((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(ms|s|m|h|d|w)?$/;

/** Of a duration, for messages. */
export const durationExample = "10m, 1.5h or 30d, or a number of seconds";

/**
 * Parses a duration: `30d`, `12h`, `90s`, `1.5h`.
 *
 * @param bareUnit Of a bare number.
 * @returns milliseconds; undefined if `text` is not a duration.
 */
export function parseDurationMs(text: string, bareUnit: keyof typeof unitMs = "s"): number | undefined {
  const [, amount, unit] = durationPattern.exec(text.trim()) ?? [];
  const ms = Number(amount) * unitMs[isUnit(unit) ? unit : bareUnit];
  return Number.isFinite(ms) ? ms : undefined;
}

function isUnit(text: string | undefined): text is keyof typeof unitMs {
  return text !== undefined && text in unitMs;
}
