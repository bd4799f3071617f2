/**
 * How fast the disk cache is, beside plain awaited Keyv sets and gets on the same kind of file.
 *
 *     npm run build && node test/bench/disk-cache.js [rows] [folder]
 */
import { KeyvSqlite } from "@keyv/sqlite";
import { Keyv } from "keyv";
import { hash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { openDiskCache } from "../../build/caches/disk/open-disk-cache.js";

const rows = Number(process.argv[2] ?? 100_000);
const folder = mkdtempSync(join(process.argv[3] ?? tmpdir(), "llmbatch-bench-"));
const callers = 1000;
const plainRows = 1000;
const keys = Array.from({ length: 2 * rows }, (_, n) => fingerprint(n));

try {
  print(`node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}, ${folder}`);
  print(
    `${rows} answers, ${callers} callers at once, each awaiting its call; plain Keyv: ${plainRows} answers, one after another`,
  );
  for (const bodyBytes of [512, 8192]) await measure(bodyBytes);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(bodyBytes) {
  const answer = answerOf(bodyBytes);
  const path = join(folder, `${bodyBytes}.sqlite`);
  const cache = await openDiskCache({ path });
  const writes = await rate(rows, callers, (n) => cache.set(keys[n], answer));
  const reads = await rate(rows, callers, async (n) => {
    const found = await cache.get(keys[(n * 7919) % rows]);
    if (found?.body !== answer.body) throw new Error(`answer ${n} is not what was stored`);
  });
  const misses = await rate(rows, callers, (n) => cache.get(keys[n + rows]));
  await cache.close();

  const keyv = new Keyv({ store: new KeyvSqlite(`sqlite://${path}.plain`), throwOnErrors: true });
  const plainWrites = await rate(plainRows, 1, (n) => keyv.set(keys[n], answer));
  const plainReads = await rate(plainRows, 1, (n) => keyv.get(keys[n]));
  await keyv.disconnect();

  print(`\n${bodyBytes} bytes an answer`);
  print(
    `writes ${describe(writes)}, ${(writes.perSecond / plainWrites.perSecond).toFixed(0)} x plain Keyv (${describe(plainWrites)})`,
  );
  print(
    `reads  ${describe(reads)}, ${(reads.perSecond / plainReads.perSecond).toFixed(0)} x plain Keyv (${describe(plainReads)})`,
  );
  print(`misses ${describe(misses)}`);
  print(`peak memory so far ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);
}

/** Runs `call` for 0, 1, 2 … `total`, as many at once as there are callers. */
async function rate(total, atOnce, call) {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  let next = 0;
  const caller = async () => {
    while (next < total) await call(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { perSecond: total / seconds, cpuMicroseconds: (user + system) / total };
}

function describe({ perSecond, cpuMicroseconds }) {
  return `${Math.round(perSecond)}/s at ${cpuMicroseconds.toFixed(1)} us CPU`;
}

function fingerprint(n) {
  return hash("sha256", String(n), "base64url");
}

function answerOf(bodyBytes) {
  const words = 'It said "yes".\n'.repeat(bodyBytes / 10);
  return {
    statusCode: 200,
    requestId: "req_0123456789abcdef",
    body: bodyOf(words.slice(0, (bodyBytes - bodyOf("").length) * 0.83)),
    usage: { promptTokens: 12, completionTokens: 90, cachedTokens: 0, reasoningTokens: 0 },
  };
}

function bodyOf(content) {
  return JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion",
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage: { prompt_tokens: 12, completion_tokens: 90, total_tokens: 102 },
  });
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
