import { isJsonObject, type JsonObject, member } from "../../json/json-value.ts";

/**
 * The dearest known is Qwen2-VL with 16,384 (https://huggingface.co/Qwen/Qwen2-VL-7B-Instruct); gpt-4o takes 1,445 and Claude some 1,600. Only
 * gpt-4o-mini is beyond: 2,833, and 5,667 for each of 8 tiles (https://platform.openai.com/docs/guides/images-vision).
 */
const tokensPerImage = 17_000;
const tokensPerImageOfMini = 50_000;
const mini = /gpt-4o-mini/;
/** MP3 has 8 kbit a second at least, 1,333 characters of base64, and no provider takes more than 32 tokens for one (Gemini; OpenAI 10). */
const charactersPerAudioToken = 20;

/** The most that images, sound and files of a body can take. A part that is none of the known ones counts as text, byte by byte. */
export class AttachmentBounds {
  /** Of the body: of those that are counted otherwise than as text. */
  bytes = 0;
  /** Infinity where there is a file: its pages are compressed, so its bytes bound nothing. */
  tokens = 0;
  hasAudio = false;
  readonly #perImage: number;

  constructor(body: JsonObject, model: string) {
    this.#perImage = mini.test(model) ? tokensPerImageOfMini : tokensPerImage;
    const left: object[] = [body];
    for (let value = left.pop(); value !== undefined; value = left.pop()) {
      if (isJsonObject(value)) this.#add(value);
      for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) left.push(inner);
    }
  }

  #add(part: JsonObject): void {
    switch (part["type"]) {
      case "image_url":
      case "input_image":
        return this.#addImage(member(part["image_url"], "url") ?? part["image_url"]);
      case "image":
        return this.#addImage(member(part["source"], "data"));
      case "input_audio":
        return this.#addAudio(member(part["input_audio"], "data"));
      case "document":
        if (isInBody(part["source"])) return;
        this.tokens = Infinity;
        return;
      case "file":
      case "input_file":
      case "video_url":
        this.tokens = Infinity;
    }
  }

  /** @param content Base64, a data URL, or where it can be found. */
  #addImage(content: unknown): void {
    this.tokens += this.#perImage;
    if (typeof content !== "string") return;
    this.bytes += content.length;
    if (content.startsWith("data:") && !content.startsWith("data:image/")) this.tokens = Infinity; // Gemini takes files so
  }

  #addAudio(data: unknown): void {
    this.hasAudio = true;
    if (typeof data !== "string") return;
    this.bytes += data.length;
    this.tokens += Math.ceil(data.length / charactersPerAudioToken);
  }
}

/** Whether a document of Anthropic's is text. */
function isInBody(source: unknown): boolean {
  const type = member(source, "type");
  return type === "text" || type === "content";
}
