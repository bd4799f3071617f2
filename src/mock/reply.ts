/** A response before it is written to the socket. */
export interface Reply {
  readonly statusCode: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The members of OpenAI's error object beside the message, and headers. */
interface ErrorDetails {
  readonly type?: string;
  readonly param?: string;
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const jsonType = "application/json";
export const eventStreamType = "text/event-stream; charset=utf-8";

export function jsonReply(value: unknown): Reply {
  return { statusCode: 200, contentType: jsonType, body: JSON.stringify(value) };
}

/** An error in OpenAI's shape: `{"error":{"message","type","param","code"}}` (OpenAI API reference). */
export function errorReply(statusCode: number, message: string, details: ErrorDetails = {}): Reply {
  const { type = "invalid_request_error", param = null, code = null, headers = {} } = details;
  return { statusCode, contentType: jsonType, body: JSON.stringify({ error: { message, type, param, code } }), headers };
}
