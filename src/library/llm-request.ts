import { z } from "zod";
import { rangeWarnings } from "../jsonl/jsonl.ts";
import { Message, type MessageLike } from "./message.ts";
import { parseWith } from "./parse-with.ts";
import { emitWarning } from "../model/errors.ts";

const text = z.string("expected a text").min(1, "expected a text that is not empty").optional();
const messageLike = z.union([z.string(), z.looseObject({})], "expected a text or an object");
const requestSchema = z.looseObject({
  provider: text,
  model: text,
  messages: z.array(messageLike, "expected a list of messages").min(1, "expected at least one message"),
});

export interface LLMRequestOptions {
  /** Called for each parameter that is out of its range. It is sent as it is. @default process.emitWarning */
  readonly onWarning?: (message: string) => void;
}

/** A chat request with the members that it was given, and no others. `RequestManager` and `RequestBatch` take it as it is. */
export class LLMRequest {
  readonly [member: string]: unknown;
  declare readonly provider?: string;
  declare readonly model?: string;
  declare readonly messages: readonly Message[];

  private constructor(members: Readonly<Record<string, unknown>>, messages: readonly Message[]) {
    Object.assign(this, members, { messages });
  }

  /**
   * @param provider The name of a provider that the manager knows.
   * @param prompt A text, a message, or several.
   * @param parameters Other members: `model`, `temperature` …
   * @throws ConfigurationError when it is no request, naming the member that is wrong.
   */
  static fromPrompt(
    provider: string,
    prompt: MessageLike | readonly MessageLike[],
    parameters: Readonly<Record<string, unknown>> = {},
    options: LLMRequestOptions = {},
  ): LLMRequest {
    return LLMRequest.fromDict({ provider, ...parameters, messages: prompt }, options);
  }

  /**
   * @param data With `messages`, a list, a message or a text; or with a `prompt`, the same.
   * @throws ConfigurationError when it is no request, naming the member that is wrong.
   */
  static fromDict(data: Readonly<Record<string, unknown>>, { onWarning = emitWarning }: LLMRequestOptions = {}): LLMRequest {
    const { prompt, ...members } = data;
    const given = members["messages"] ?? prompt;
    const { messages } = parseWith(
      requestSchema,
      { ...members, messages: typeof given === "string" || !Array.isArray(given) ? [given] : given },
      "request",
    );
    const made = messages.map((message, index) => Message.fromDict(message, `request.messages.${index}`));
    rangeWarnings(members, "").forEach(onWarning);
    return new LLMRequest(members, made);
  }

  /** @returns plain members, as `fromDict` takes them. */
  toDict(): Record<string, unknown> {
    return { ...this, messages: this.messages.map((message) => message.toDict()) };
  }
}
