/** A stream as it comes over the wire, with all that the providers send beside the text. */
export interface WireRecording {
  readonly name: string;
  readonly path: string;
  readonly request: object;
  readonly events: string;
}

/** Lines that end as on Windows. */
export function crlf(events: string): string {
  return events.replaceAll("\n", "\r\n");
}
