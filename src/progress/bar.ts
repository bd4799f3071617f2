import { type Options, SingleBar } from "cli-progress";
import type { Progress, ProgressStream } from "./display.ts";
import { type ProgressSource, readFigures } from "./figures.ts";
import { formatBarLine } from "./format-progress.ts";

/** Updates one line of a terminal, eight times a second. */
export function startBar(stream: ProgressStream, source: ProgressSource): Progress {
  const terminal = new BarTerminal(stream);
  const options: Options & { terminal: BarTerminal } = {
    terminal,
    format: () => formatBarLine(readFigures(source), terminal.getWidth() - 1),
    fps: 8,
    forceRedraw: true,
    clearOnComplete: true,
    linewrap: true, // a killed process could not switch wrapping on again; lines are cut to the width instead
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
 * Replaces cli-progress's terminal, which returns to the cursor's first line: the wrong one once lines were logged or the window was
 * resized. Here the cursor rests at the start of the bar's line. A narrower window folds that line but keeps the cursor at its start, so
 * erasing from there removes all of it.
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
/** Comes before `eraseToEnd`: tmux saves a whole screen that is erased at once to its history. */
const eraseLine = "\u001b[2K";
