import { expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import {
  chatAnswer,
  cutInBody,
  errorAnswer,
  rateLimited,
  type ReceivedCall,
  type Reply,
  streamed,
} from "../support/scripted-server.ts";
import { Workplace } from "./cli.ts";
import { configure, keyOf } from "./configure.ts";
import { startServe } from "./serving.ts";

const key = "sk-canary-of-ours-0123456789";
const token = "token-canary-of-ours-0123456789";
const clientsKey = "sk-canary-of-a-client-0123456789";
const header = "header-canary-of-ours-0123456789";

const quickRetries = ["--max-retries", "1", "--retry-delay", "0.001"];

/** A provider that tells in its errors, as some do, with what it was asked. */
function tellTale(call: ReceivedCall): Reply {
  const headers = { "x-request-id": key, "x-echo": header, "set-cookie": `key=${key}` };
  const message = `Incorrect API key provided: ${String(keyOf(call))}, ${header}`;
  const model = String(Object(call.json()).model);
  if (model === "limited") return rateLimited("1");
  if (model === "cut") return cutInBody(200, streamed(chat([piece({ content: "a" }), piece({ content: "b".repeat(200) })])));
  if (model === "html") return { status: 502, headers, body: `<html>${message}</html>` };
  const [, status] = /^status-(\d+)$/.exec(model) ?? [];
  return status === undefined ? { ...chatAnswer(), headers } : errorAnswer(Number(status), { message }, headers);
}

it("`serve` shows neither its keys nor its token nor those of others: in no header, error, page, log or message", async () => {
  const upstream = await serve(tellTale);
  const user = new Workplace();
  Object.assign(user.environment, { GATEWAY_TOKEN: token, OUR_KEY: key });
  configure(user, {
    providers: { gpu: { base_url: `${upstream.url}/v1`, api_keys: ["$OUR_KEY"], headers: { "x-team": header } } },
  });
  const log = user.path("log.jsonl");
  const { child, url, ended } = await startServe(user, ["--token-env", "GATEWAY_TOKEN", "--log", log, ...quickRetries]);
  const shown: string[] = [];
  const ask = async (path: string, body: object, authorization: string, more: object = {}): Promise<void> => {
    const headers = { authorization, cookie: `session=${clientsKey}`, ...more };
    const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await response.text().catch(String);
    shown.push(JSON.stringify([...response.headers]), text);
  };
  const models = [
    "fine",
    "cut",
    "html",
    ...["400", "401", "403", "404", "422", "500", "503"].map((status) => `status-${status}`),
  ];
  for (const model of models)
    for (const path of ["/v1/chat/completions", "/v1/messages"]) {
      const body = { model: `gpu/${model}`, messages: [], max_tokens: 9 };
      await ask(path, body, `Bearer ${token}`);
      await ask(path, { ...body, stream: true }, `Bearer ${token}`);
    }
  await ask("/v1/chat/completions", { model: "fine", messages: [] }, `Bearer ${clientsKey}`);
  await ask("/v1/chat/completions", { model: "unknown" }, `Bearer ${token}`, { "x-api-key": clientsKey });
  await ask(`/v1/${"x".repeat(20)}`, {}, `Bearer ${token}`);
  for (const path of ["/metrics", "/stats", "/v1/models", "/health"])
    shown.push(await (await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })).text());
  child.kill("SIGTERM");
  const { stdout, stderr } = await ended;
  shown.push(stdout, stderr, user.read("log.jsonl"));
  for (const canary of [key, token, clientsKey, header]) expect(shown.filter((text) => text.includes(canary))).toEqual([]);
  expect(upstream.ledger.length).toBeGreaterThan(models.length);
  expect(JSON.stringify(upstream.ledger.map(({ headers }) => headers))).not.toMatch(/token-canary|of-a-client/);
});
