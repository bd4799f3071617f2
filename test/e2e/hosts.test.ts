import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, type ScriptedServer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

/** Both listen. Only the first is named by the user; nothing may reach the second. */
async function twoServers(answer: (other: ScriptedServer, index: number) => object): Promise<[ScriptedServer, ScriptedServer]> {
  const other = await serve(() => chatAnswer("from elsewhere"));
  const own = await serve((call) => answer(other, call.index));
  return [own, other];
}

describe("redirects", () => {
  it("are not followed, to whatever port, host or scheme, and the error of each names the host", async () => {
    const statuses = [301, 302, 303, 307, 308];
    const [own, other] = await twoServers(({ port }, call) => {
      if (call === 0) return chatAnswer(); // three redirects before any success would end the run
      const index = call - 1;
      const path = "/v1/chat/completions";
      const locations = [
        `http://127.0.0.1:${port}${path}`,
        `http://localhost:${port}${path}`,
        `//127.0.0.1:${port}${path}`,
        `http://user:password@127.0.0.1:${port}${path}`,
        `\\\\127.0.0.1:${port}${path}`,
      ];
      return { status: statuses[index % 5], headers: { location: locations[Math.floor(index / 5)] ?? "" } };
    });
    const user = new Workplace();
    user.write("in.jsonl", questions(1 + 25));
    const { code } = await user.runHere([
      "run",
      "in.jsonl",
      "--base-url",
      `${own.url}/v1`,
      "-o",
      "out.jsonl",
      "-c",
      "1",
      "--log",
      "log.jsonl",
    ]);
    expect(code).toBe(1);
    expect(own.ledger).toHaveLength(1 + 25);
    expect(other.connections).toBe(0);
    const lines = user.lines("out.jsonl").slice(1);
    expect(lines).toHaveLength(25);
    for (const [index, { response, error }] of lines.entries()) {
      const host = index >= 5 && index < 10 ? "localhost" : "127.0.0.1";
      expect(response?.status_code).toBe(statuses[index % 5]);
      expect(error).toMatchObject({ code: "invalid_response", attempts: 1 });
      expect(error?.message).toContain(`redirected to ${host}:${other.port};`);
    }
    expect(user.read("out.jsonl") + user.read("log.jsonl")).not.toContain("user:password");
  });
});

describe("a line cannot choose where it goes", () => {
  const body = { model: "test-model", messages: [{ role: "user", content: "Hi" }] };

  it("not by its `url`: one clear error each, and no host is contacted", async () => {
    const [own, other] = await twoServers(() => chatAnswer());
    const host = `127.0.0.1:${other.port}`;
    const urls = [
      `//${host}/v1`,
      `/\\${host}/v1`,
      `\\\\${host}/v1`,
      `@${host}/v1`,
      `:@${host}/v1`,
      `.${host}/v1`,
      `http://${host}/v1/chat/completions`,
      `HTTP://${host}`,
      `http:${host}`,
      `/\t/${host}/v1`,
      `\t//${host}/v1`,
      `/v1/../../${host}`,
      "/v1/%2e%2e/%2e%2e/admin",
      "/v1/%2E%2E/admin",
      "/..",
      `/v1/chat/completions\r\nhost: ${host}`,
      `/v1/chat/completions HTTP/1.1\r\nhost: ${host}\r\n\r\nPOST /v1`,
      `/v1/chat/completions?base_url=http://${host}`,
      `/v1/chat/completions#@${host}`,
    ];
    const user = new Workplace();
    user.write("in.jsonl", [
      ...urls.map((url, index) => ({ custom_id: `bad-${index}`, method: "POST", url, body })),
      { custom_id: "good", body },
    ]);
    const args = ["run", "in.jsonl", "--base-url", `${own.url}/v1`, "-o", "out.jsonl"];

    const refused = await user.runHere(args);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("in.jsonl:1: ");
    expect(own.connections).toBe(0);

    const { code } = await user.runHere([...args, "--skip-invalid"]);
    expect(code).toBe(1);
    expect(own.ledger.map(({ path, headers }) => [path, headers["host"]])).toEqual([
      ["/v1/chat/completions", `127.0.0.1:${own.port}`],
    ]);
    expect(other.connections).toBe(0);
    const lines = user.lines("out.jsonl");
    expect(lines).toHaveLength(urls.length + 1);
    expect(lines.at(-1)).toMatchObject({ custom_id: "good", error: null });
    for (const { error } of lines.slice(0, -1)) {
      expect(error?.code).toBe("invalid_line");
      expect(error?.message).toMatch(/^line \d+: `url` must be a plain path/);
    }
  });

  it("nor by any other field: in a body it is data, beside one it is nothing or names a configured provider", async () => {
    const [own, other] = await twoServers(() => chatAnswer());
    const evil = {
      base_url: other.url,
      api_base: other.url,
      baseURL: other.url,
      api_key: "sk-of-the-line",
      headers: { authorization: "Bearer sk-of-the-line", host: `127.0.0.1:${other.port}` },
      extra_headers: { "x-evil": "1" },
      proxy: other.url,
      provider: "groq",
      allow_http: true,
    };
    const { provider: _, ...sent } = evil;
    const user = new Workplace();
    user.write("in.jsonl", [
      { custom_id: "in-a-body", body: { ...body, ...evil } },
      { custom_id: "beside", body, ...evil },
      { ...body, ...evil },
      { model: "test-model", prompt: "Hi", ...evil },
    ]);
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "--base-url", `${own.url}/v1`, "-o", "out.jsonl", "-c", "1"]);
    expect(code, stderr).toBe(0);
    expect(other.connections).toBe(0);
    expect(own.ledger).toHaveLength(4);
    for (const { path, headers } of own.ledger) {
      expect(path).toBe("/v1/chat/completions");
      expect(headers).toMatchObject({ host: `127.0.0.1:${own.port}`, authorization: "Bearer sk-test-0123456789" });
      expect(headers).not.toHaveProperty("x-evil");
    }
    expect(own.ledger.map((call) => call.json())).toEqual([
      { ...body, ...evil },
      body,
      { ...body, ...sent },
      { model: "test-model", messages: [{ role: "user", content: "Hi" }], ...sent },
    ]);
    expect(stderr).toMatch(/line 2: ignored beside `body`: .*base_url.*api_key.*proxy/);
  });
});
