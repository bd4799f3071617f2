const patienceMs = 2_000;

/** Passes on what comes, and says once if nothing does for 2 s: a person who forgot to name a file would wait for ever. */
export async function* noticeWaiting<Item>(items: AsyncIterable<Item>, say: () => void): AsyncGenerator<Item> {
  const notice = setTimeout(say, patienceMs).unref();
  try {
    for await (const item of items) {
      clearTimeout(notice);
      yield item;
    }
  } finally {
    clearTimeout(notice);
  }
}
