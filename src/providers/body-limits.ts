const mebibyte = 1024 * 1024;

/** Of an answer, decoded, unless its API has larger ones. */
export const maxBodyBytes: number = 48 * mebibyte;

/**
 * Of embeddings, decoded: 2,048 of 4,096 numbers are 190 MB as decimals. It is what all bodies together may take while they are read, and
 * half of the longest string that Node can make.
 */
export const maxEmbeddingsBytes: number = 256 * mebibyte;

/** What is read of a response that reports an error by its status. Some repeat the request. */
export const maxErrorBodyBytes: number = mebibyte;

/** Text takes a tenth when it is compressed, zeros a thousandth or less: what grows beyond this, and above 1 MiB, fills memory on purpose. */
export const maxExpansion: number = 100;
export const minBombBytes: number = mebibyte;
