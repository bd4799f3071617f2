import { RequestFailedError } from "../model/errors.ts";
import type { BatchInput, BatchRequest } from "../model/request.ts";
import { type ReceivedEvent, textOfAnswer, textOfEvent } from "../providers/providers.ts";
import type { CallStop } from "./live/call-stop.ts";
import { beginLiveCall, LiveCall, type LiveOutcome } from "./live/live-call.ts";
import type { RunSettings } from "./run-settings.ts";
import { aborted } from "./stops/under-way.ts";
import { Wakeup } from "./queues/wakeup.ts";

/** A piece of a streamed answer. */
export interface StreamPiece {
  /** What it adds to the text; empty where it adds nothing. */
  readonly text: string;
  /** The parsed data of the event, as the provider sent it; the whole answer, if that does not come in pieces. */
  readonly event: unknown;
}

/** An answer as it comes. Leaving the loop early ends the call. */
export class AnswerStream implements AsyncIterableIterator<StreamPiece> {
  readonly #pieces: AsyncGenerator<StreamPiece>;

  constructor(pieces: AsyncGenerator<StreamPiece>) {
    this.#pieces = pieces;
  }

  /** @throws RequestFailedError as the loop over it does. */
  next(): Promise<IteratorResult<StreamPiece>> {
    return this.#pieces.next();
  }

  return(): Promise<IteratorResult<StreamPiece>> {
    return this.#pieces.return(undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The text of all that has not been taken yet, once it has come whole. @throws RequestFailedError as the loop over it does. */
  async text(): Promise<string> {
    const texts: string[] = [];
    for await (const { text } of this) texts.push(text);
    return texts.join("");
  }
}

/** The server has to wait while so many pieces are not taken. */
const maxPieces = 256;

/**
 * @param register Called when it begins; what that returns, when it has ended.
 * @see RequestManager.stream
 */
export async function* streamRequest(
  input: BatchInput,
  settings: RunSettings,
  register: (stop: CallStop) => () => void,
): AsyncGenerator<StreamPiece> {
  if (input.kind === "invalid-line") throw new RequestFailedError(input.failure);
  const pieces = new Pieces(input);
  const call = beginLiveCall(input, settings, { onEvent: pieces.add });
  if (!(call instanceof LiveCall)) throw new RequestFailedError(call.failure);
  const ended = register(call.stop);
  const asking = call.ask().then(pieces.end);
  try {
    yield* pieces.take();
  } finally {
    call.stop.abort({ reason: "interrupted", message: aborted });
    const outcome = await asking;
    ended();
    call.end(outcome);
  }
}

/** The pieces of an answer that its caller has not taken yet. */
class Pieces {
  readonly #request: BatchRequest;
  /** A piece came, or the end. */
  readonly #change = new Wakeup();
  readonly #taken = new Wakeup();
  #pieces: StreamPiece[] = [];
  #hasBegun = false;
  #outcome: LiveOutcome | undefined;

  constructor(request: BatchRequest) {
    this.#request = request;
  }

  readonly add = ({ data: event }: ReceivedEvent): Promise<void> | undefined => {
    this.#hasBegun = true;
    this.#pieces.push({ text: textOfEvent(this.#request.path, event), event });
    this.#change.fire();
    return this.#pieces.length < maxPieces ? undefined : this.#taken.wait();
  };

  readonly end = (outcome: LiveOutcome): LiveOutcome => {
    this.#outcome = outcome;
    this.#change.fire();
    return outcome;
  };

  /** @throws RequestFailedError after the last piece of an answer that did not come whole. */
  async *take(): AsyncGenerator<StreamPiece> {
    while (this.#outcome === undefined || this.#pieces.length > 0) {
      if (this.#pieces.length === 0) await this.#change.wait();
      for (const piece of this.#pieces.splice(0)) yield piece;
      this.#taken.fire();
    }
    const { attempt } = this.#outcome;
    if (!attempt.ok) throw new RequestFailedError(attempt.failure, attempt.response);
    if (this.#hasBegun) return;
    const event: unknown = JSON.parse(attempt.response.body);
    yield { text: textOfAnswer(this.#request.path, event) ?? "", event };
  }
}
