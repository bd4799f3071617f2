import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer } from "../support/scripted-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { question, serveLive } from "./live-server.ts";

const paths = ["/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1/embeddings", "/v1/completions"];

/** Members that choose a host, a key, a header or a file in other servers. Here they are the API's own, whatever it makes of them. */
function membersOf(host: string, file: string): object {
  const image = { type: "image_url", image_url: { url: `file://${file}` } };
  return {
    api_base: host,
    base_url: host,
    api_key: "sk-of-the-client",
    api_version: host,
    custom_host: host,
    proxy: host,
    proxies: { http: host },
    provider: { order: [host], api_key: "sk-of-the-client" },
    headers: { authorization: "Bearer sk-of-the-client", host: "evil.example" },
    extra_headers: { "x-api-key": "sk-of-the-client" },
    extra_body: { api_base: host },
    litellm_params: { api_base: host },
    url: `${host}/v1/embeddings`,
    method: "DELETE",
    custom_id: "x",
    prompt: `@${file}`,
    input: `@${file}`,
    messages: [{ role: "user", content: [image, { type: "text", text: `@${file}` }] }],
    image: `file://${file}`,
    __proto__: { model: "polluted" },
  };
}

describe("a body that asks for more than an answer", () => {
  it.each(paths)("goes to the configured provider byte for byte, and nowhere else: %s", async (path) => {
    const other = await serve();
    const file = join(temporaryFolder(), "secret.txt");
    writeFileSync(file, "what only this machine knows");
    const { upstream, url } = await serveLive(() => chatAnswer());
    const text = JSON.stringify({ ...question, ...membersOf(other.url, file) });
    const body = `${text.slice(0, -1)}, "__proto__" : {"isAdmin": true}, "constructor":{"prototype":{"isAdmin":true}}\n}`;
    await (await fetch(url + path, { method: "POST", body })).text();
    for (const call of upstream.ledger) expect([call.path, call.body]).toEqual([path, body]);
    const [call] = upstream.ledger;
    expect(call?.headers["authorization"]).toBe("Bearer sk-upstream-key");
    expect(JSON.stringify([call?.body, call?.headers])).not.toContain("what only this machine knows");
    expect(JSON.stringify(call?.headers)).not.toMatch(/sk-of-the-client|evil/);
    expect(other.connections).toBe(0);
    expect(Object.hasOwn(Object.prototype, "isAdmin")).toBe(false);
  });

  it.each(["http://evil.example/v1", "@/etc/passwd", "file:///etc/passwd", "../../etc/passwd", "__proto__", "constructor"])(
    "has a model that is a name and nothing else: %s",
    async (model) => {
      const { upstream, url } = await serveLive();
      const body = JSON.stringify({ ...question, model });
      expect((await fetch(`${url}/v1/chat/completions`, { method: "POST", body })).status).toBe(200);
      expect(upstream.ledger.map((call) => [call.path, call.body])).toEqual([["/v1/chat/completions", body]]);
    },
  );
});
