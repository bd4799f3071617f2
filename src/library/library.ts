/** The door of this room: what programs build requests with. */
export { LLMRequest, type LLMRequestOptions } from "./llm-request.ts";
export { Message, type MessageLike } from "./message.ts";
export { type CreateOptions, RequestBatch, type RequestBuilder } from "./request-batch.ts";
export { requestId, requestKey, type RequestPlace } from "./request-id.ts";
