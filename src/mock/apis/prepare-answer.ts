import { isJsonObject, parseJson } from "../../json/json-value.ts";
import { prepareChat } from "./chat-completion.ts";
import { prepareCompletion } from "./completion.ts";
import { prepareEmbeddings } from "./embeddings.ts";
import { prepareMessage } from "./message.ts";
import { type Asked, type Prepared } from "./prepared.ts";
import { errorReply, type Reply } from "../reply.ts";
import { prepareResponse } from "./response.ts";

/** A model that this provider claims not to have, so that the failure can be tried. It has all others. */
const unknownModel = "does-not-exist";

/** Understands a request and makes up its answer: the same bytes for the same body and seed, whatever came before. */
export function prepareAnswer(asked: Asked): Prepared {
  const body = parseJson(asked.text);
  if (!isJsonObject(body))
    return { ok: false, reply: errorReply(400, "We could not parse the JSON body of your request: expected one JSON object.") };
  const { model } = body;
  if (typeof model !== "string" || model === "")
    return { ok: false, reply: errorReply(400, "you must provide a model parameter") };
  if (model === unknownModel) return { ok: false, reply: modelNotFound(model) };
  switch (asked.path) {
    case "/chat/completions":
      return prepareChat(model, body, asked);
    case "/completions":
      return prepareCompletion(model, body, asked);
    case "/embeddings":
      return prepareEmbeddings(model, body, asked);
    case "/messages":
      return prepareMessage(model, body, asked);
    case "/responses":
      return prepareResponse(model, body, asked);
  }
}

function modelNotFound(model: string): Reply {
  const message = `The model \`${model}\` does not exist or you do not have access to it.`;
  return errorReply(404, message, { code: "model_not_found" });
}
