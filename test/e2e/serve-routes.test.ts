import { expect, it } from "vitest";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { serve } from "../support/closing.ts";
import { chatAnswer, cutInBody, errorAnswer, type ReceivedCall, type Reply, streamed } from "../support/scripted-server.ts";
import { Workplace } from "./cli.ts";
import { configure, keyOf } from "./configure.ts";
import { startServe } from "./serving.ts";

const words = streamed(chat([piece({ content: "from the second" }), piece({}, {}, "stop")]));

/** The first provider fails as the content asks. */
function fail({ body }: ReceivedCall): Reply {
  if (body.includes("broken off")) return cutInBody(300, streamed(chat([piece({ content: "a" }), piece({ content: "b" })])));
  return body.includes("refused") ? errorAnswer(401, { message: "bad key" }) : errorAnswer(500, { message: "no GPU is free" });
}

/** One server for all, because each takes half a second to start. */
it("`serve` goes from one provider of a route to the next until a byte has gone to the client, by keys in turn", async () => {
  const first = await serve(fail);
  const second = await serve(({ body }) =>
    body.includes("nobody")
      ? errorAnswer(500, { message: "out of memory" })
      : body.includes('"stream":true')
        ? words
        : chatAnswer(),
  );
  const user = new Workplace();
  user.environment["KEY_1"] = "key-1-0123456789";
  user.environment["KEY_2"] = "key-2-0123456789";
  configure(user, {
    providers: {
      first: { base_url: `${first.url}/v1` },
      second: { base_url: `${second.url}/v1`, api_keys: ["$KEY_1", "$KEY_2"], models: { small: "llama-8b" } },
    },
    routes: {
      "team/large": {
        to: [
          { provider: "first", model: "a" },
          { provider: "second", model: "b" },
        ],
      },
    },
  });
  const { url } = await startServe(user, ["--max-retries", "1", "--retry-delay", "0.001"]);
  const ask = (content: string, more: object = {}): Promise<Response> =>
    fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "team/large", messages: [{ role: "user", content }], ...more }),
    });

  const plain = await ask("plain");
  expect([plain.status, plain.headers.get("x-llmbatch-provider")]).toEqual([200, expect.stringMatching(/^second,/)]);
  expect(second.ledger[0]?.json()).toMatchObject({ model: "b" });
  const stream = await ask("streamed", { stream: true });
  expect(await stream.text()).toMatch(/from the second[^]*data: \[DONE\]\n\n$/);

  const begun = second.ledger.length;
  await expect(ask("broken off", { stream: true }).then((response) => response.text())).rejects.toThrow(/terminated/);
  expect(second.ledger).toHaveLength(begun);

  const lost = await ask("nobody");
  expect(lost.status).toBe(502);
  const { error } = Object(await lost.json());
  expect(error).toMatchObject({ type: "api_error", code: "provider_error" });
  expect(error.message).toMatch(/no GPU is free/);
  expect(error.message).toMatch(/out of memory/);
  expect([lost.headers.get("x-should-retry"), error.message.includes("0123456789")]).toEqual(["false", false]);

  for (const model of ["small", "second/llama-8b"]) expect((await ask("alias", { model })).status).toBe(200);
  expect(second.ledger.slice(-2).map((call) => call.json())).toMatchObject([{ model: "llama-8b" }, { model: "llama-8b" }]);
  await Promise.all(Array.from({ length: 6 }, () => ask("alias", { model: "small" })));
  const keys = new Set(second.ledger.map(keyOf));
  expect(keys).toEqual(new Set(["Bearer key-1-0123456789", "Bearer key-2-0123456789"]));

  for (const id of ["team/large", "team%2Flarge"])
    expect(await (await fetch(`${url}/v1/models/${id}`)).json()).toMatchObject({ id: "team/large", object: "model" });
});
