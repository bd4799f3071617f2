const maxLines = 100;
/** A chunk takes two calls of Redis, in which slots of its worker may be idle. */
const minLines = 4;
/**
 * So many chunks are made of what is left. A short file is shared by all workers, and so is the end of a long one: with answers of 10 s, 100
 * lines keep one worker of 8 slots for two minutes after all others have ended.
 */
const minChunksLeft = 64;

/** How many lines the next chunk may hold. @param left Lines of the input that are in no chunk; undefined where that is not known. */
export function maxLinesOfChunk(left: number | undefined): number {
  return left === undefined ? maxLines : Math.min(maxLines, Math.max(minLines, Math.ceil(left / minChunksLeft)));
}
