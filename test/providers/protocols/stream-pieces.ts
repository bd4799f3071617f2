/** What every chunk of Chat Completions begins with. */
export const chunkHead = {
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1_780_000_000,
  model: "gpt-x",
  system_fingerprint: "fp",
};

/** Chunks, and the end that Chat Completions and its like have. */
export function chat(chunks: readonly object[]): string {
  return `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")}data: [DONE]\n\n`;
}

export interface StreamedEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** Events that are named after their type. */
export function typed(events: readonly StreamedEvent[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

/** A chunk of the only choice. */
export function piece(delta: object, extra: object = {}, finishReason: string | null = null): object {
  return { ...chunkHead, choices: [{ index: 0, delta, finish_reason: finishReason }], ...extra };
}

export function choicePiece(index: number, choice: object): object {
  return { ...chunkHead, choices: [{ index, finish_reason: null, ...choice }] };
}
