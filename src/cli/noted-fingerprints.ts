import { resolve } from "node:path";
import type { CacheStore } from "../caches/cache-store.ts";
import type { Options } from "../config/options.ts";
import { fingerprintOfRequest, targetOf } from "../model/fingerprint.ts";
import type { BatchInput, BatchRequest } from "../model/request.ts";
import type { Provider } from "../providers/provider.ts";
import type { Input } from "./input.ts";
import { notableContentOf, noteKey } from "./input-notes.ts";

/** Of so many lines one note holds the fingerprints, all of the same length; the last lines of a file, if they are fewer, have none. */
const linesPerNote = 4096;
const charactersPerLine = 43;
/** In the place of a line that is blank or no request. */
const none = " ".repeat(charactersPerLine);

/** Models and paths that a file names are few; of requests to more than this, fingerprints are worked out each time. */
const mostTargets = 256;

type Notes = Required<Pick<CacheStore, "getNote" | "setNote">>;

/** @returns undefined where nothing can be noted of this input. */
export async function createNotedFingerprints(
  input: Input,
  options: Options,
  provider: Pick<Provider, "endpoint">,
  cache: CacheStore | undefined,
): Promise<NotedFingerprints | undefined> {
  const content = await notableContentOf(input, options);
  if (content === undefined || cache?.getNote === undefined || cache.setNote === undefined) return undefined;
  const notes: Notes = { getNote: cache.getNote.bind(cache), setNote: cache.setNote.bind(cache) };
  const name = `fingerprints ${noteKey(options, resolve(input.name))}`;
  const version = (): Promise<string | undefined> => input.version();
  return new NotedFingerprints({ notes, name, content, version, endpoint: (request) => provider.endpoint(request) });
}

export interface NotedFingerprintsOptions {
  readonly notes: Notes;
  /** Of this file's notes. Those of an earlier content are written over. */
  readonly name: string;
  /** See `Input.version`. */
  readonly content: string;
  readonly version: Input["version"];
  readonly endpoint: (request: BatchRequest) => string | undefined;
}

/**
 * The fingerprints of a file's requests, kept in the cache from one run to the next: to work them out is an eighth of what it takes to
 * resume a run. They are kept for the file as it lies there, by its inode, size and times, and for the options that decide on them; and of
 * each model and path the first one is worked out, and compared, in every run.
 *
 * Lines are named in their order. Nothing depends on a note: what is not noted is worked out.
 */
export class NotedFingerprints {
  readonly #options: NotedFingerprintsOptions;
  /** By number: those that were looked for, and which no line has left behind yet. */
  readonly #notes = new Map<number, string | undefined>();
  /** Of the note that the last line belongs to. */
  #number = -1;
  /** By place in that note: those that it lacks. */
  #gathered: string[] = [];
  readonly #comparedTargets = new Set<string>();
  /** What is noted is right no more; what is gathered will be. */
  #isStale = false;
  /** The file was written to, or notes cannot be. */
  #isOfNoUse = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: NotedFingerprintsOptions) {
    this.#options = options;
  }

  /** To be awaited when lines have been read, before they are named: what is written into the file from now on is none of these. Never rejects. */
  async prepare(firstLineNumber: number, lastLineNumber: number): Promise<void> {
    if (this.#isOfNoUse) return;
    const { version, content } = this.#options;
    this.#isOfNoUse = (await version().catch(() => undefined)) !== content;
    const first = numberOf(firstLineNumber);
    for (const number of this.#notes.keys()) if (number < first && number !== this.#number) this.#notes.delete(number);
    for (let number = first; number <= numberOf(lastLineNumber); number += 1) {
      if (!this.#notes.has(number)) this.#notes.set(number, await this.#read(number));
    }
  }

  /** Whether the fingerprint of this line, which was prepared, is noted. */
  knows(lineNumber: number): boolean {
    return this.#notedAt(lineNumber) !== undefined;
  }

  /** Gives a request its fingerprint; leaves it as it is where that can be neither known nor noted. */
  name(input: BatchInput): BatchInput {
    if (this.#isOfNoUse) return input;
    const number = numberOf(input.lineNumber);
    if (number !== this.#number) this.#turnTo(number);
    if (input.kind !== "request") return input;
    const noted = this.#notedAt(input.lineNumber);
    if (noted !== undefined && this.#isRight(noted, input)) return Object.assign(input, { fingerprint: noted });
    const fingerprint = input.fingerprint ?? this.#workOut(input);
    if (fingerprint !== noted) this.#gathered[placeOf(input.lineNumber)] = fingerprint;
    return Object.assign(input, { fingerprint });
  }

  /** Waits until all is written. Never rejects. */
  close(): Promise<void> {
    return this.#writing;
  }

  async #read(number: number): Promise<string | undefined> {
    const { notes, content } = this.#options;
    const text = await notes.getNote(this.#nameOf(number)).catch(() => undefined);
    if (text?.length !== content.length + 1 + linesPerNote * charactersPerLine) return undefined;
    return text.startsWith(`${content}\n`) ? text.slice(content.length + 1) : undefined;
  }

  #notedAt(lineNumber: number): string | undefined {
    if (this.#isStale || this.#isOfNoUse) return undefined;
    const start = placeOf(lineNumber) * charactersPerLine;
    const noted = this.#notes.get(numberOf(lineNumber))?.slice(start, start + charactersPerLine);
    return noted === none ? undefined : noted;
  }

  #isRight(noted: string, request: BatchRequest): boolean {
    const target = targetOf(request);
    if (this.#comparedTargets.has(target)) return true;
    if (this.#comparedTargets.size >= mostTargets) return false;
    this.#comparedTargets.add(target);
    if (noted === this.#workOut(request)) return true;
    this.#isStale = true;
    return false;
  }

  #workOut(request: BatchRequest): string {
    return fingerprintOfRequest(request, this.#options.endpoint(request));
  }

  #turnTo(number: number): void {
    if (this.#gathered.length > 0) this.#write(this.#number, this.#gatheredText());
    this.#gathered = [];
    this.#number = number;
  }

  /** With what was noted and is right. */
  #gatheredText(): string {
    const lineNumber = this.#number * linesPerNote + 1;
    const fingerprints = Array.from({ length: linesPerNote }, (_, at) => this.#gathered[at] ?? this.#notedAt(lineNumber + at));
    return fingerprints.map((fingerprint) => fingerprint ?? none).join("");
  }

  #write(number: number, text: string): void {
    const { notes, content } = this.#options;
    this.#writing = this.#writing
      .then(() => notes.setNote(this.#nameOf(number), `${content}\n${text}`))
      .catch(() => {
        this.#isOfNoUse = true;
      });
  }

  #nameOf(number: number): string {
    return `${this.#options.name} ${number}`;
  }
}

function numberOf(lineNumber: number): number {
  return Math.floor((lineNumber - 1) / linesPerNote);
}

function placeOf(lineNumber: number): number {
  return (lineNumber - 1) % linesPerNote;
}
