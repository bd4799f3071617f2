import type { TokenCounting } from "../model/cost.ts";
import type { Failure } from "../model/failure.ts";
import type { Usage } from "../model/usage.ts";

/** Header fields by name in lower case; a list where a name stands more than once. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A response as it came over HTTP. */
export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: ResponseHeaders;
  /** The parsed body; undefined when it is no JSON. Of a body above 1 MiB an extract: long texts and lists are cut short. */
  readonly body: unknown;
  /** The body as received; where a failure is read, its beginning without secrets, for a message when it is no JSON. */
  readonly text: string;
  readonly receivedAt: Date;
}

/** One event of a stream that answers a request. Those named `error` are not among them: they end it. */
export interface StreamEvent {
  /** Its data as received. */
  readonly text: string;
  /** Its data parsed; undefined when it is no JSON, as in `[DONE]`. */
  readonly data: unknown;
}

/** The same as it came. */
export interface ReceivedEvent extends StreamEvent {
  /** What it is called; empty where it is not. */
  readonly name: string;
}

/** Puts the events of one stream together. It never guesses: what has not come is missing. */
export interface StreamAssembler {
  /**
   * Takes the next event.
   *
   * @returns the JSON text of the error that the event reports, in the shape that `Protocol.readFailure` knows; then the stream has
   *   failed. Undefined otherwise.
   */
  add(event: StreamEvent): string | undefined;

  /** The event came after which nothing of use can follow. */
  readonly isOver: boolean;

  /** Whether what has come so far is a whole answer, so that the stream may end here. */
  isWhole(): boolean;

  /** JSON text of the body that the same request gets without streaming, as far as it has come. */
  body(): string;
}

/** How an API streams. */
export interface Streaming {
  /** Members that ask for a stream that reports its usage, as JSON text by key. */
  readonly members: ReadonlyMap<string, string>;

  /** @param requestBody The JSON text of the request that the stream answers. */
  assemble(requestBody: string): StreamAssembler;

  /** What an event adds to the text of the answer; empty where it adds nothing. @param event Its parsed data. */
  readText(event: unknown): string;
}

/** One API's wire format, as pure functions. Shared code never asks which provider it is talking to: what differs is declared here. */
export interface Protocol {
  /** Path as batch files spell it: `/v1/chat/completions`. */
  readonly path: string;

  /**
   * Whether base URLs of this API customarily end in the version (`https://api.openai.com/v1`, so `/chat/completions` is added) or
   * leave it to the path (`https://api.anthropic.com`, so `/v1/messages` is added).
   */
  readonly baseUrlHasVersion: boolean;

  /**
   * At dated addresses of Azure, which name a deployment (`/openai/deployments/NAME`), it is found beside the deployments
   * (`/openai/responses`), and its bodies name theirs.
   */
  readonly isBesideDeployments?: boolean;

  /** Headers of this protocol beside authorisation and content type. */
  readonly headers: Readonly<Record<string, string>>;

  /** How this API's providers count tokens per minute: the request alone, or the answer too, in a way that a provider may narrow. */
  readonly counting: Exclude<TokenCounting, "larger">;

  /** Tokens that an answer reports; zeros where it reports none. */
  readUsage(body: unknown): Usage;

  /** What the model said, in the first of several answers; empty where it said nothing. Absent where answers have no text. */
  readText?(body: unknown): string;

  /**
   * Why a response is no answer: its status is not 2xx, or it is, and the body reports an error or stops before its end.
   *
   * @returns undefined for a whole answer.
   */
  readFailure(response: HttpResponse): Failure | undefined;

  /**
   * What a whole answer lacks that its request asked for, in words; undefined if it lacks nothing.
   *
   * @param requestBody The JSON text of the request.
   */
  findLack?(body: unknown, requestBody: string): string | undefined;

  /** Of an answer, decoded. @default 48 MiB */
  readonly maxBodyBytes?: number;

  /** Absent where the API does not stream. */
  readonly streaming?: Streaming;
}
