/** A token is about 4 bytes of UTF-8. */
const bytesPerToken = 4;

/** About how many tokens a request has, before anything is known of its answer. */
export function estimateInputTokens({ body }: { readonly path: string; readonly body: string }): number {
  return estimateTextTokens(body);
}

export function estimateTextTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken);
}
