// (b) The well-known way to keep to limits: one loop that starts a request whenever requests and tokens are left of this minute's, counting
// the most that it may use; after a rejection all requests pause for 15 s, and the request stands in line again. Nothing is learned, nothing
// that was counted too much comes back. Without limits of its own it starts whatever there is.
import { post, sleep } from "./post.js";

const pauseMs = 15_000;
const pollMs = 1;
const maxAttempts = 5;

/** @returns how many requests were answered. */
export async function play({ origin, path, bodies, limits }) {
  const requests = new Capacity(limits.requestsPerMinute);
  const tokens = new Capacity(limits.tokensPerMinute ?? limits.inputTokensPerMinute);
  const waiting = bodies();
  const again = [];
  let [answered, inFlight, refusedAt] = [0, 0, -Infinity];
  let next;

  const send = async (job) => {
    inFlight += 1;
    const { status } = await post(origin + path, job.body);
    inFlight -= 1;
    if (status === 200) answered += 1;
    if (status === 429) refusedAt = performance.now();
    if (status !== 200 && job.attemptsLeft > 0) again.push(job);
  };

  for (;;) {
    next ??= again.shift() ?? jobOf(waiting.next().value);
    if (next === undefined && inFlight === 0 && again.length === 0) return answered;
    if (next !== undefined && requests.has(1) && tokens.has(next.tokens)) {
      requests.take(1);
      tokens.take(next.tokens);
      next.attemptsLeft -= 1;
      void send(next);
      next = undefined;
    }
    await sleep(pollMs);
    const pausedMs = performance.now() - refusedAt;
    if (pausedMs < pauseMs) await sleep(pauseMs - pausedMs);
  }
}

function jobOf(body) {
  if (body === undefined) return undefined;
  return { body, tokens: JSON.stringify(body).length / 4 + body.max_tokens, attemptsLeft: maxAttempts };
}

/** Starts with a whole minute's worth, holds no more than that, and flows in evenly. */
class Capacity {
  #perMinute;
  #left;
  #filledAt = performance.now();

  constructor(perMinute = Infinity) {
    this.#perMinute = perMinute;
    this.#left = perMinute;
  }

  has(cost) {
    const now = performance.now();
    if (this.#perMinute < Infinity)
      this.#left = Math.min(this.#perMinute, this.#left + ((now - this.#filledAt) * this.#perMinute) / 60_000);
    this.#filledAt = now;
    return this.#left >= Math.min(cost, this.#perMinute);
  }

  take(cost) {
    this.#left -= cost;
  }
}
