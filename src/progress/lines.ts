import type { Progress, ProgressStream } from "./display.ts";
import { type ProgressSource, readFigures } from "./figures.ts";
import { formatJsonLine, formatPlainLine } from "./format-progress.ts";
import { printable } from "../text/printable.ts";

/** A line every 5 s; the first comes after 5 s, so a short run prints none. */
export function startPlainLines(stream: ProgressStream, source: ProgressSource): Progress {
  const timer = every(5000, () => writeLine(stream, formatPlainLine(readFigures(source))));
  const stop = (): void => clearInterval(timer);
  return { log: (line) => writeLine(stream, line), stop, restore: stop };
}

/** One JSON object per line: progress each second and once at the end, warnings as they come. */
export function startJsonLines(stream: ProgressStream, source: ProgressSource): Progress {
  const write = (): void => writeLine(stream, formatJsonLine(readFigures(source)));
  const timer = every(1000, write);
  let isOver = false;
  const end = (lastUpdate: () => void): void => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    lastUpdate();
  };
  return {
    log: (message) => writeLine(stream, printable(JSON.stringify({ type: "warning", message }))),
    stop: () => end(write),
    restore: () => end(() => {}),
  };
}

export function startWarningsOnly(stream: ProgressStream): Progress {
  return { log: (line) => writeLine(stream, line), stop: () => {}, restore: () => {} };
}

function every(milliseconds: number, draw: () => void): NodeJS.Timeout {
  return setInterval(draw, milliseconds).unref();
}

function writeLine(stream: ProgressStream, line: string): void {
  stream.write(`${line}\n`);
}
