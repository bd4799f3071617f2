import { anthropicMessages } from "./anthropic-messages.ts";
import { openaiChat } from "./openai-chat.ts";
import { openaiCompletions } from "./openai-completions.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";
import { openaiResponses } from "./openai-responses.ts";
import type { Protocol } from "../protocol.ts";

/** Every protocol there is. A provider is given all of them: which one a request speaks is chosen by its path. */
export const protocols: readonly Protocol[] = [
  openaiChat,
  openaiResponses,
  openaiEmbeddings,
  openaiCompletions,
  anthropicMessages,
];

/** What the API of a path is sent in headers, where a request has none of its own. */
export function defaultHeadersOf(path: string): Readonly<Record<string, string>> {
  return protocols.find((protocol) => protocol.path === path)?.headers ?? {};
}
