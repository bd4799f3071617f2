import { readApiFailure } from "../failures/api-failure.ts";
import type { Protocol } from "../protocol.ts";
import { totalTokens } from "../../model/usage.ts";
import { openaiResponses } from "./openai-responses.ts";
import { readCompletionUsage } from "./openai-usage.ts";

/** An API of which nothing is known but its path (scores, reranking, moderations, images): JSON that reports no error is an answer. */
export function plainJson(path: string): Protocol {
  return {
    path,
    baseUrlHasVersion: true,
    headers: {},
    counting: "input",
    readUsage: (body) => {
      const usage = readCompletionUsage(body);
      return totalTokens(usage) > 0 ? usage : openaiResponses.readUsage(body);
    },
    readFailure: (response) => readApiFailure(response, (body) => body !== undefined),
  };
}
