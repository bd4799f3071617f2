import { type FileHandle, open, stat } from "node:fs/promises";
import type { Observer } from "../../model/event.ts";
import { type Locate, locateInOnlyInput } from "../input/locate.ts";
import { formatEvent } from "./format-event.ts";
import { asWritingError, describeSystemError } from "../files/system-error.ts";

interface EventLog {
  readonly observe: Observer;
  /** Writes all pending events and closes the file. Never rejects. */
  close(): Promise<void>;
}

/**
 * Opens a log of the run's events, one JSON object per line, for appending: a resumed run continues the same file. A new file is readable
 * by its owner alone. It contains no prompts and no answers.
 *
 * @param onError Called once, with a message for a person, when the log can no longer be written. Logging then stops; the run goes on.
 * @param locate Finds the lines of events.
 * @throws ConfigurationError when the file cannot be opened.
 */
export async function openEventLog(
  path: string,
  onError: (message: string) => void = () => {},
  locate: Locate = locateInOnlyInput,
): Promise<EventLog> {
  try {
    const start = (await endsInMidLine(path)) ? "\n" : "";
    const file = await open(path, "a", 0o600);
    const fail = (error: unknown): void => onError(`the log ${path} cannot be written any more: ${describeSystemError(error)}`);
    return new BufferedLog(file, start, fail, locate);
  } catch (error) {
    throw asWritingError(`cannot open the log ${path}`, path, error);
  }
}

/** A run that was killed while writing leaves an incomplete line, which the next record must not continue. */
async function endsInMidLine(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined || !stats.isFile() || stats.size === 0) return false;
  const file = await open(path, "r");
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, stats.size - 1);
    return buffer[0] !== lineFeed;
  } finally {
    await file.close();
  }
}

const lineFeed = 0x0a;
/** If the log's reader is slower than the run (it may be a pipe), events beyond this are dropped and counted. */
const maxPendingCharacters = 16 * 1024 * 1024;

/** Writes in the background, one write at a time; events that arrive meanwhile are written together. */
class BufferedLog implements EventLog {
  readonly #file: FileHandle;
  readonly #locate: Locate;
  readonly #onError: (error: unknown) => void;
  #pending: string;
  #dropped = 0;
  #writing: Promise<void> | undefined;
  #isOver = false;
  #hasFailed = false;

  constructor(file: FileHandle, start: string, onError: (error: unknown) => void, locate: Locate) {
    this.#file = file;
    this.#pending = start;
    this.#locate = locate;
    this.#onError = onError;
  }

  readonly observe: Observer = (event) => {
    if (this.#isOver) return;
    if (this.#pending.length > maxPendingCharacters) {
      this.#dropped += 1;
      return;
    }
    this.#pending += formatEvent(event, new Date(), this.#locate);
    this.#writing ??= this.#writeAll();
  };

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#writing;
    await this.#file.close().catch((error: unknown) => this.#fail(error));
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#pending !== "") await this.#file.appendFile(this.#takePending());
    } catch (error) {
      this.#fail(error);
    }
    this.#writing = undefined;
  }

  #fail(error: unknown): void {
    this.#isOver = true;
    this.#pending = "";
    if (!this.#hasFailed) this.#onError(error);
    this.#hasFailed = true;
  }

  #takePending(): string {
    const text = this.#pending;
    this.#pending = "";
    if (this.#dropped === 0) return text;
    const message = `${this.#dropped} events are missing here: the log was not taken as fast as they came`;
    this.#dropped = 0;
    return text + formatEvent({ type: "warning", message }, new Date(), this.#locate);
  }
}
