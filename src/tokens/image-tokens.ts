import type { ImageSize } from "./image-size.ts";

/** Whose size is not known: of a URL, a file id, a format that is not read. */
const assumedSize: ImageSize = { width: 1024, height: 1024 };

/**
 * What an image counts as, by the rule of its model's maker.
 *
 * @param detail OpenAI's `low`, `high` or `auto`.
 */
export function imageTokens(path: string, model: string, size: ImageSize = assumedSize, detail?: string): number {
  if (path === "/v1/messages" || model.includes("claude")) return anthropicTokens(size);
  if (model.includes("gemini")) return geminiTokens(size);
  const patches = patchModels.find(([name]) => model.includes(name));
  if (patches !== undefined) return Math.ceil(patchCount(size) * patches[1]);
  const [, base, tile] = tileModels.find(([name]) => model.includes(name)) ?? defaultTile;
  return detail === "low" ? base : base + tile * tileCount(size);
}

/** Factors on patches of 32 x 32 pixels (OpenAI, "Images and vision", calculating costs, 2026-03). */
const patchModels = [
  ["gpt-4.1-mini", 1.62],
  ["gpt-4.1-nano", 2.46],
  ["gpt-5-mini", 1.62],
  ["gpt-5-nano", 2.46],
  ["gpt-5.4-mini", 1.62],
  ["gpt-5.4-nano", 2.46],
  ["o4-mini", 1.72],
] as const;
const maxPatches = 1536;

/** Base tokens, and those of each tile of 512 x 512 pixels (same page). The first name that is part of the model's counts. */
const tileModels = [
  ["gpt-4o-mini", 2833, 5667],
  ["gpt-5", 70, 140],
  ["o1", 75, 150],
  ["o3", 75, 150],
  ["computer-use", 65, 129],
] as const;
/** GPT-4o, GPT-4.1, GPT-4.5, GPT-4 Turbo; servers of others tell no rule of their own. */
const defaultTile = ["", 85, 170] as const;

/** Fitted into a square of 2048, then scaled down until the shorter side is 768. */
function tileCount(size: ImageSize): number {
  const fitted = scaled(size, 2048 / Math.max(size.width, size.height));
  const { width, height } = scaled(fitted, 768 / Math.min(fitted.width, fitted.height));
  return Math.ceil(Math.round(width) / 512) * Math.ceil(Math.round(height) / 512);
}

function patchCount({ width, height }: ImageSize): number {
  return Math.min(maxPatches, Math.ceil(width / 32) * Math.ceil(height / 32));
}

/** Width times height through 750, once scaled down to a longer side of 1568 and some 1,600 tokens (Anthropic, "Vision", image costs). */
function anthropicTokens(size: ImageSize): number {
  const { width, height } = scaled(size, 1568 / Math.max(size.width, size.height));
  return Math.min(1600, Math.ceil((width * height) / 750));
}

/** 258 up to 384 x 384 pixels, else 258 for each tile of 768 x 768 (Gemini API, "Understand and count tokens"). */
function geminiTokens({ width, height }: ImageSize): number {
  return width <= 384 && height <= 384 ? 258 : 258 * Math.ceil(width / 768) * Math.ceil(height / 768);
}

/** Never made larger. */
function scaled({ width, height }: ImageSize, factor: number): ImageSize {
  const by = Math.min(1, factor);
  return { width: width * by, height: height * by };
}
