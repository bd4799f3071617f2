const patienceMs = 2_000;

/** Passes on what comes. If nothing does for 2 s, it says so once: a person who forgot to name a file would wait for ever. */
export async function* noticeWaiting<Item>(items: AsyncIterable<Item>, message: string): AsyncGenerator<Item> {
  const notice = setTimeout(() => void say(message), patienceMs).unref();
  try {
    for await (const item of items) {
      clearTimeout(notice);
      yield item;
    }
  } finally {
    clearTimeout(notice);
  }
}

/** Loaded on demand: it loads all providers. */
async function say(message: string): Promise<void> {
  const { printError } = await import("./print-error.ts");
  printError(message);
}
