import type { Buffer } from "node:buffer";
import { isJsonObject, member, parseJson } from "../../json/json-value.ts";
import type { Attempt } from "../../model/attempt.ts";
import { EventStreamParser, type ServerSentEvent } from "./event-stream.ts";
import { misfitError } from "../protocols/misfit-error.ts";
import type { StreamAssembler } from "../protocol.ts";
import type { OnEvent } from "../provider.ts";
import { withoutTexts } from "./without-texts.ts";

/**
 * What is kept of a stream that is passed on, in UTF-16 units of its events: enough to estimate what it takes. The system takes 4 to 8 MB of
 * one whose reader stops, so a hundred of those would fill memory.
 */
const passedOnLength = 64 * 1024;
/** The same where the answer itself is wanted: events have some 220 for a token, so it is one of 19,000 tokens. */
const wantedLength = 4 * 1024 * 1024;
/** Of an event with a piece of text some 200 units are said anew each time. What is kept of it takes 60 bytes at least. */
const frameLength = 200;
const minKeptBytes = 60;

const doneText = "[DONE]";

/** What keeps a connection alive and stands in `data:`, where only a comment belongs. */
const keepAliveText = /^(?::|(?:""|\[\]|null|true|false|[\d.]+)$|\W{0,2}(?:ping|pong|keep[-_ ]?alive|heartbeat)\W{0,2}$)/i;

/** What becomes of its events, beside the answer. */
interface StreamReading {
  readonly onEvent: OnEvent | undefined;
  readonly keepsAnswer?: boolean | undefined;
}

/** Reads one answer that comes as a stream. Does not throw: what breaks the reading is kept. */
export class StreamReader {
  readonly #assembler: StreamAssembler;
  readonly #onEvent: OnEvent | undefined;
  readonly #maxKeptLength: number;
  readonly #parser = new EventStreamParser((event) => this.#take(event, this.#hasEnded));
  /** The body of an error, where the stream reported one; else an event that is no JSON. */
  errorText: string | undefined;
  readonly openedAt: Date = new Date();
  /** A bug, or an event nested too deeply to be handled. */
  thrown: unknown;
  #hasEnded = false;
  /** Of all events, in UTF-16 units. */
  #length = 0;
  #keptBytes = 0;
  /** Of an event that has not come whole, at most. */
  #pendingBytes = 0;
  #hold: Promise<void> | undefined;

  constructor(assembler: StreamAssembler, { onEvent, keepsAnswer }: StreamReading) {
    this.#assembler = assembler;
    this.#onEvent = onEvent;
    this.#maxKeptLength = onEvent === undefined ? Infinity : keepsAnswer === true ? wantedLength : passedOnLength;
  }

  /** @returns what the next bytes wait for. */
  push(bytes: Buffer): Promise<void> | undefined {
    this.#hold = undefined;
    const lengthBefore = this.#length;
    if (!this.isOver) this.#guarded(() => this.#parser.push(bytes));
    this.#pendingBytes = this.#length === lengthBefore ? this.#pendingBytes + bytes.length : bytes.length;
    return this.#hold;
  }

  /** What memory holds of it, about. */
  get heldBytes(): number {
    return this.#pendingBytes + this.#keptBytes;
  }

  /** Nothing comes any more, for whatever reason. */
  end(): void {
    this.#hasEnded = true;
    this.#guarded(() => this.#parser.end());
  }

  /** Nothing of use can follow. */
  get isOver(): boolean {
    return this.#assembler.isOver || this.hasFailed;
  }

  get hasFailed(): boolean {
    return this.errorText !== undefined || this.thrown !== undefined;
  }

  /** Its reader has the texts that are missing in `body`. */
  get isAbridged(): boolean {
    return this.#length > this.#maxKeptLength;
  }

  /** How much has come for each part that is kept; 1 where all is. */
  get lengthToKept(): number {
    return this.isAbridged ? this.#length / this.#maxKeptLength : 1;
  }

  /** What was made of it. */
  marked(attempt: Attempt): Attempt {
    const { isAbridged } = this;
    return attempt.ok && isAbridged ? { ...attempt, response: { ...attempt.response, isAbridged } } : attempt;
  }

  isWhole(): boolean {
    return !this.hasFailed && this.#assembler.isWhole();
  }

  /** @see StreamAssembler.body */
  body(): string {
    return this.#assembler.body();
  }

  /**
   * What follows the end of an answer is not part of it.
   *
   * @param mayBeCut It is the last of a stream that has ended, perhaps too early.
   */
  #take({ name, data: received }: ServerSentEvent, mayBeCut: boolean): void {
    const text = received.trimEnd(); // `[DONE]` is written with a space after it, too
    if (this.isOver || text === "") return;
    if (isTooComplex(text)) {
      this.errorText = misfitError(text.slice(0, 1_000));
      return;
    }
    const data = parseJson(text);
    if (isJsonObject(data) || text === doneText || (name === "error" && data !== undefined)) this.#add(name, text, data);
    else if (holdsEvents(name, text)) this.#takeLines(name, text.split("\n"), mayBeCut);
    else if (!mayBeCut && !isKeepAlive(name, text)) this.errorText = text;
  }

  /** Some servers write one line feed between events, where two end one (Baseten). */
  #takeLines(name: string, lines: readonly string[], mayBeCut: boolean): void {
    for (const [index, data] of lines.entries()) this.#take({ name, data }, mayBeCut && index === lines.length - 1);
  }

  #add(name: string, text: string, data: unknown): void {
    if (name === "error") this.errorText = member(data, "error") ? text : `{"error":${text}}`;
    else this.errorText = this.#assembler.add({ text, data: this.#isKept(text, data) ? data : withoutTexts(data) });
    if (this.errorText === undefined && data !== undefined) this.#hold = this.#onEvent?.({ name, text, data }) ?? this.#hold;
  }

  /** The last event of a response is needed as a whole; it is not kept for long. */
  #isKept(text: string, data: unknown): boolean {
    this.#length += text.length;
    if (!this.isAbridged) this.#keptBytes += Math.max(minKeptBytes, text.length - frameLength);
    return !this.isAbridged || member(data, "response") !== undefined;
  }

  #guarded(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.thrown = error ?? "unknown";
    }
  }
}

/** Whether the first of several lines is an event of its own. */
function holdsEvents(name: string, text: string): boolean {
  const [first] = text.split("\n", 1);
  return first !== undefined && first !== text && (parseJson(first) !== undefined || isKeepAlive(name, first));
}

/** An event of an unknown name holds no piece of an answer unless it is JSON. */
function isKeepAlive(name: string, text: string): boolean {
  return (!text.startsWith("{") && name !== "" && name !== "message" && name !== "error") || keepAliveText.test(text);
}

const maxPlainLength = 1024 * 1024;
/** Takes some 100 MB and 0.5 s to parse. */
const maxContainers = 1_000_000;

/** Whether an event is made to fill memory: 46 MB of brackets take 2 GB and 15 s. */
function isTooComplex(text: string): boolean {
  if (text.length <= maxPlainLength) return false;
  let containers = 0;
  for (const bracket of ["{", "["])
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) containers += 1;
  return containers > maxContainers;
}
