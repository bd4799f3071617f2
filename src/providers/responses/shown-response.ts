import type { Redact } from "../../text/redaction.ts";
import type { HttpResponse, ResponseHeaders } from "../protocol.ts";

/** What a message may describe a body by, in UTF-16 units. */
const shownTextLength = 4000;

/** A response without secrets. Only its text is for people. It is looked through when it is needed: answers need it not. */
export class ShownResponse implements HttpResponse {
  readonly statusCode: number;
  readonly headers: ResponseHeaders;
  readonly body: unknown;
  readonly receivedAt: Date;
  readonly #text: string;
  readonly #redact: Redact;

  constructor({ statusCode, headers, body, receivedAt, text }: HttpResponse, redact: Redact) {
    this.statusCode = statusCode;
    this.headers = headers;
    this.body = body;
    this.receivedAt = receivedAt;
    this.#text = text;
    this.#redact = redact;
  }

  get text(): string {
    return this.#redact(this.#text, shownTextLength);
  }
}
