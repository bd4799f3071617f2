/** A request as a program gives it: a prompt, a body, or an object that could stand on a line of a batch file. */
export type RequestLike = string | Readonly<Record<string, unknown>>;

/** A request of a `RequestBatch`: its line, and the id that its result will have. */
export class BatchLine {
  readonly [member: string]: unknown;
  /** `batch_req_…` */
  readonly id: string;
  /** JSON text that could stand in a batch file. */
  readonly text: string;

  constructor(id: string, text: string) {
    this.id = id;
    this.text = text;
  }
}
