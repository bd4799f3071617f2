/** Does the calls that this process is sent over IPC: `{ id, client, call, to, times }`. @param clients The calls of each, by name. */
export function answerCalls(clients) {
  globalThis.AI_SDK_LOG_WARNINGS = false;
  process.on("message", async ({ id, client, call, to, times = 1 }) => {
    const startedAt = performance.now();
    const outcome = await attempt(clients[client][call], to, times);
    process.send({ id, ...outcome, tookMs: performance.now() - startedAt });
  });
  // Packages report a broken stream beside the call that it breaks, too.
  process.on("unhandledRejection", () => {});
  const calls = Object.fromEntries(Object.entries(clients).map(([name, own]) => [name, Object.keys(own)]));
  process.send({ ready: calls, node: process.versions.node });
}

async function attempt(call, to, times) {
  try {
    const values = await Promise.all(Array.from({ length: times }, () => call(to)));
    return { ok: true, value: times === 1 ? (values[0] ?? null) : values };
  } catch (thrown) {
    return { ok: false, error: described(thrown) };
  }
}

/** The error that a client ends with; some wrap the one of the last attempt. */
function described(thrown) {
  const error = thrown?.lastError ?? thrown;
  const { message, status, statusCode, responseBody } = error;
  let { code } = error;
  code ??= error.error?.code ?? error.error?.error?.code ?? error.error?.error?.type;
  if (typeof responseBody === "string" && code === undefined) {
    try {
      const body = JSON.parse(responseBody);
      code = body.error?.code ?? body.error?.type;
    } catch {}
  }
  return { name: error.constructor?.name, message: String(message).slice(0, 500), status: status ?? statusCode, code };
}
