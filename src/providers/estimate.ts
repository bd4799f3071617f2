import type { Cost, TokenCounting } from "../model/cost.ts";
import type { BatchRequest } from "../model/request.ts";

/** What a request is expected to take from limits, before anything is known of its answer. */
export function estimate({ model, body, maxOutputTokens }: BatchRequest, counting: TokenCounting): Cost {
  return { model, inputTokens: estimateInputTokens(body), maxOutputTokens, counting };
}

/** A token is about 4 bytes of UTF-8, also in Chinese, where it is far from 4 characters. Images and the like are counted by the piece. */
export function estimateInputTokens(body: string): number {
  const { count, bytes } = attachmentsIn(body);
  return Math.ceil((Buffer.byteLength(body) - bytes) / bytesPerToken) + count * tokensPerAttachment;
}

/** Of plain text. */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken);
}

const bytesPerToken = 4;

/**
 * About what a large image, a page of a PDF or two minutes of sound count as. Its base64 taken for text, an image would be reserved at
 * hundreds of thousands of tokens, and one request would wait for the other under any limit. What it really was, the answer tells.
 */
const tokensPerAttachment = 1_500;

/** Shorter ones, taken for text, do not count for more. */
const minAttachmentLength = tokensPerAttachment * bytesPerToken;
const stride = minAttachmentLength / 2;
const sampleLength = 64;
const base64Sample = /^[A-Za-z0-9+/]{64}/;
const attachmentStart = /^(?:data:[^",]{0,99};base64,)?[A-Za-z0-9+/]{64}/;
const maxStartLength = 256;

/** Looks into the text now and then, so often that it meets each attachment; reads on only where it has met what may be one. */
function attachmentsIn(body: string): { count: number; bytes: number } {
  let count = 0;
  let bytes = 0;
  for (let at = stride; at < body.length; at += stride) {
    if (!base64Sample.test(body.slice(at, at + sampleLength))) continue;
    const from = body.lastIndexOf('"', at) + 1;
    const to = body.indexOf('"', at);
    if (to === -1) break;
    if (to - from >= minAttachmentLength && attachmentStart.test(body.slice(from, from + maxStartLength))) {
      count += 1;
      bytes += to - from;
    }
    at = to;
  }
  return { count, bytes };
}
