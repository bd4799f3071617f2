import { type Options, SingleBar } from "cli-progress";
import type { Progress, ProgressStream } from "./progress.ts";
import { type ProgressSource, readFigures } from "./figures.ts";
import { formatBarLine } from "./format-progress.ts";

/** Keeps one line of a terminal up to date, eight times a second. */
export function startBar(stream: ProgressStream, source: ProgressSource): Progress {
  const terminal = new BarTerminal(stream);
  const options: Options & { terminal: BarTerminal } = {
    terminal,
    format: () => formatBarLine(readFigures(source), terminal.getWidth() - 1),
    fps: 8,
    forceRedraw: true,
    clearOnComplete: true,
    linewrap: true, // Lines are made to fit instead: a killed process cannot switch wrapping on again.
    hideCursor: false,
    gracefulExit: false,
  };
  const bar = new BackgroundBar(options);
  bar.start(1, 0);

  const stop = (): void => bar.stop();
  return {
    log: (line) => {
      terminal.clearLine();
      stream.write(`${line}\n`);
      if (bar.isActive) bar.render();
    },
    stop,
    restore: stop,
  };
}

/** A bar whose timer does not keep the process alive. */
class BackgroundBar extends SingleBar {
  declare private timer: NodeJS.Timeout | null;

  override render(): void {
    super.render();
    this.timer?.unref();
  }
}

/**
 * The terminal as cli-progress drives it, in place of its own, which goes back to where the cursor stood at the start: the wrong
 * line once lines were logged or the window was resized. Here the cursor rests at the start of the bar's line. When a narrower
 * window folds that line, the terminal keeps the cursor at its start, and erasing from there leaves nothing behind.
 */
class BarTerminal {
  readonly #stream: ProgressStream;

  constructor(stream: ProgressStream) {
    this.#stream = stream;
  }

  isTTY(): boolean {
    return true;
  }

  getWidth(): number {
    return this.#stream.columns || 80;
  }

  cursorTo(): void {
    this.#stream.write("\r");
  }

  write(text: string): void {
    this.#stream.write(text);
  }

  clearRight(): void {
    this.#stream.write(`${eraseToEnd}\r`);
  }

  clearLine(): void {
    this.#stream.write(`\r${eraseLine}${eraseToEnd}`);
  }

  cursorSave(): void {}

  cursorRestore(): void {}
}

/** ECMA-48: erase in display, from the cursor to its end; erase in line, all of it. */
const eraseToEnd = "\u001b[J";
/** Goes before the other, because tmux keeps what a whole screen showed when that is erased at once. */
const eraseLine = "\u001b[2K";
