import type { Buffer } from "node:buffer";
import { createParser, type EventSourceParser, type ParseError } from "eventsource-parser";

/** One server-sent event. */
export interface ServerSentEvent {
  /** Of its `event:` line; empty where it has none. */
  readonly name: string;
  /** Of its `data:` lines, joined by line feeds. */
  readonly data: string;
}

/**
 * Takes server-sent events out of bytes (HTML Living Standard, 9.2.6), however these are cut. Beyond the standard an `error:` line is an
 * event of that name (llama.cpp), and so is, without a name, a line of bare JSON (lemonade).
 */
export class EventStreamParser {
  readonly #onEvent: (event: ServerSentEvent) => void;
  readonly #parser: EventSourceParser;
  /** Passes over a byte order mark, and holds back the bytes of half a character. */
  readonly #decoder = new TextDecoder();
  #endsWithReturn = false;

  constructor(onEvent: (event: ServerSentEvent) => void) {
    this.#onEvent = onEvent;
    this.#parser = createParser({
      onEvent: ({ event = "", data }) => onEvent({ name: event, data }),
      onError: (error) => this.#takeUnknown(error),
    });
  }

  push(bytes: Buffer): void {
    const text = this.#decoder.decode(bytes, { stream: true });
    if (text !== "") this.#parser.feed(this.#withLineFeeds(text));
  }

  /** Nothing follows. An event without its empty line counts: servers forget the last one. */
  end(): void {
    this.#parser.feed(`${this.#decoder.decode()}\n\n`);
  }

  /** Where a carriage return follows, the parser looks for it at each line feed: 1 MB of them would take a minute. */
  #withLineFeeds(text: string): string {
    const lines = this.#endsWithReturn && text.startsWith("\n") ? text.slice(1) : text;
    this.#endsWithReturn = text.endsWith("\r");
    return lines.includes("\r") ? lines.replaceAll(/\r\n?/g, "\n") : lines;
  }

  #takeUnknown({ type, field, value = "", line = "" }: ParseError): void {
    if (type !== "unknown-field") return;
    if (field === "error") this.#onEvent({ name: "error", data: value });
    else if (line.startsWith("{")) this.#onEvent({ name: "", data: line });
  }
}
