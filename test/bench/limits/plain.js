// (a) What most people write: so many at once, and around each request a loop that backs off, as long as `retry-after` says if it says
// anything. No request knows of a rejection of another one, and none of the limits.
import pLimit from "p-limit";
import { post, sleep } from "./post.js";

const maxAttempts = 6;

/** @returns how many requests were answered. */
export async function play({ origin, path, bodies, concurrency }) {
  const limit = pLimit(concurrency);
  const outcomes = await Promise.all(Array.from(bodies(), (body) => limit(() => askUntilAnswered(origin + path, body))));
  return outcomes.filter((isAnswered) => isAnswered).length;
}

async function askUntilAnswered(url, body) {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const { status, headers } = await post(url, body);
    if (status === 200) return true;
    if (status !== 0 && status !== 429 && status < 500) return false;
    if (attempt < maxAttempts) await sleep(delayMs(attempt, headers["retry-after"]));
  }
  return false;
}

/** 1 s, 2 s, 4 s, … up to a minute, more or less; never less than the server asks for. */
function delayMs(attempt, retryAfter) {
  const backoffMs = Math.min(60_000, 1000 * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2);
  return retryAfter === undefined ? backoffMs : Math.max(Number(retryAfter) * 1000, backoffMs);
}
