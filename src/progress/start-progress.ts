import { startBar } from "./bar.ts";
import type { Progress, ProgressStream } from "./display.ts";
import type { ProgressSource } from "./figures.ts";
import { startJsonLines, startPlainLines, startWarningsOnly } from "./lines.ts";

export type ProgressMode = "auto" | "bar" | "plain" | "json" | "none";

interface ProgressOptions extends ProgressSource {
  /** `auto` is a bar on a terminal and plain lines elsewhere; `bar` without a terminal is plain lines too. */
  readonly mode: ProgressMode;
  /** stderr. */
  readonly stream: ProgressStream;
  /** The environment's `TERM`: `auto` gives plain lines to a `dumb` terminal, which cannot erase a line. */
  readonly term?: string | undefined;
}

/**
 * Shows the run's progress until `stop`. Its timers do not keep the process alive, it reads its figures only when it draws, and a stderr
 * that can no longer be written silences it without stopping the run.
 */
export function startProgress(options: ProgressOptions): Progress {
  const { stream } = options;
  const progress = start(options);
  if (!latest.has(stream)) stream.on("error", () => latest.get(stream)?.restore());
  latest.set(stream, progress);
  return progress;
}

/** What a stream shows. It has one listener for its errors, however many displays come and go: Node warns of eleven. */
const latest = new WeakMap<ProgressStream, Progress>();

function start({ mode, stream, term, ...source }: ProgressOptions): Progress {
  switch (mode) {
    case "none":
      return startWarningsOnly(stream);
    case "json":
      return startJsonLines(stream, source);
    case "plain":
      return startPlainLines(stream, source);
    case "bar":
      return stream.isTTY === true ? startBar(stream, source) : startPlainLines(stream, source);
    case "auto":
      return stream.isTTY === true && term !== "dumb" ? startBar(stream, source) : startPlainLines(stream, source);
  }
}
