/** Of an answer, decoded. The largest that APIs give are embeddings: 2,048 of 3,072 numbers are 33 MB in base64. */
export const maxBodyBytes: number = 48 * 1024 * 1024;

/** What is read of a response that reports an error by its status. Some repeat the request. */
export const maxErrorBodyBytes: number = 1024 * 1024;

/** Text takes a tenth when it is compressed, zeros a thousandth or less: what grows beyond this, and above 1 MiB, fills memory on purpose. */
export const maxExpansion: number = 100;
export const minBombBytes: number = 1024 * 1024;
