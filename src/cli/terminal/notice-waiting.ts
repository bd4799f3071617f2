import { printError } from "./print-error.ts";

const patienceMs = 2_000;

/** Passes on what comes. If nothing does for 2 s, it says so once: a person who forgot to name a file would wait for ever. */
export async function* noticeWaiting<Item>(items: AsyncIterable<Item>, message: string): AsyncGenerator<Item> {
  const notice = setTimeout(() => printError(message), patienceMs).unref();
  try {
    for await (const item of items) {
      clearTimeout(notice);
      yield item;
    }
  } finally {
    clearTimeout(notice);
  }
}
