import { once } from "node:events";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, type Reply, silence, slowBody, streamed } from "../support/scripted-server.ts";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { deferred } from "../support/deferred.ts";
import { Workplace } from "./cli.ts";
import { configure } from "./configure.ts";
import { startServe } from "./serving.ts";

function post(url: string, body: object): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, { method: "POST", body: JSON.stringify({ model: "m", messages: [], ...body }) });
}

const words = streamed(chat([...Array.from({ length: 20 }, () => piece({ content: "word " })), piece({}, {}, "stop")]));

describe("llmbatch serve", () => {
  it("serves the models of the configuration to both names of this machine, and ends when it is told to", async () => {
    const upstream = await serve();
    const user = new Workplace();
    configure(user, {
      providers: { gpu: { base_url: `${upstream.url}/v1`, models: { small: "llama-3" } } },
      routes: { "team/large": { to: [{ provider: "gpu", model: "llama-70b" }] } },
    });
    const { child, url, ended } = await startServe(user, []);
    const list = await (await fetch(`${url}/v1/models`)).json();
    expect(list).toMatchObject({ data: [{ id: "team/large" }, { id: "small", owned_by: "gpu" }] });
    expect((await post(url.replace("127.0.0.1", "localhost"), { model: "small" })).status).toBe(200);
    expect((await post(url.replace("127.0.0.1", "[::1]"), { model: "team/large" })).status).toBe(200);
    expect(upstream.ledger.map((call) => call.json())).toMatchObject([{ model: "llama-3" }, { model: "llama-70b" }]);
    const missing = await post(url, { model: "smal" });
    expect([missing.status, await missing.json()]).toMatchObject([
      404,
      { error: { code: "model_not_found", message: expect.stringMatching(/did you mean "small"/) } },
    ]);
    child.kill("SIGTERM");
    const { code, stdout } = await ended;
    expect([code, stdout]).toEqual([0, ""]);
  });

  it("lets streams end that are under way, sends those away that wait, and takes no more", async () => {
    const upstream = await serve(() => slowBody(200, 20, words));
    const user = new Workplace();
    const { child, url, ended } = await startServe(user, ["--base-url", `${upstream.url}/v1`, "-c", "1", "--drain", "30d"]);
    const stream = await post(url, { stream: true });
    const waiting = post(url, {});
    await expect.poll(async () => (await fetch(`${url}/stats`)).json()).toMatchObject({ waiting: 1 });
    child.kill("SIGINT");
    const refusal = await waiting;
    expect([refusal.status, refusal.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await stream.text()).toMatch(/"finish_reason":"stop"\}.*\n\ndata: \[DONE\]\n\n$/);
    expect((await ended).code).toBe(0);
    expect(upstream.ledger).toHaveLength(1);
  });

  it("cuts what takes longer than --drain, and says so by its exit code", async () => {
    const upstream = await serve(silence);
    const user = new Workplace();
    const { child, url, ended } = await startServe(user, ["--base-url", `${upstream.url}/v1`, "--drain", "0.1"]);
    const cut = post(url, {});
    await upstream.until(() => upstream.inFlight === 1);
    child.kill("SIGTERM");
    expect((await cut).status).toBe(503);
    expect((await ended).code).toBe(1);
  });

  it("ends at once at the second signal", async () => {
    const gate = deferred<Reply>();
    const upstream = await serve(() => gate.promise);
    const user = new Workplace();
    const { child, url, ended } = await startServe(user, ["--base-url", `${upstream.url}/v1`]);
    const lost = post(url, {}).catch(() => undefined);
    await upstream.until(() => upstream.inFlight === 1);
    child.kill("SIGINT");
    await once(child.stderr ?? child, "data");
    child.kill("SIGINT");
    expect((await ended).code).toBe(130);
    await lost;
    gate.resolve(chatAnswer());
  });

  it.skipIf(!existsSync("/proc/self/fd"))("leaves no file open where it does not begin", async () => {
    const user = new Workplace();
    user.environment["TOKEN"] = "of both";
    configure(user, { clients: { one: { token: "$TOKEN" }, other: { token: "$TOKEN" } } });
    const args = ["-p", "mock", "--live-cache", "on", "--cache-path", "answers.db", "--log", "log.jsonl"];
    const { code, stderr } = await user.runHere(["serve", "--port", "0", ...args]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/another client has the same token/)]);
    const open = readdirSync("/proc/self/fd").flatMap((name) => {
      const path = `/proc/self/fd/${name}`;
      return existsSync(path) ? [readlinkSync(path)] : [];
    });
    expect(open.filter((path) => path.startsWith(user.folder))).toEqual([]);
  });

  it("does not begin without a key, and says what is missing, as `run` does", async () => {
    const user = new Workplace();
    delete user.environment["OPENAI_API_KEY"];
    user.write("a.jsonl", '{"model":"m","messages":[]}\n');
    const { code, stderr } = await user.runHere(["serve", "--port", "0"]);
    expect([code, stderr]).toEqual([2, (await user.runHere(["run", "a.jsonl"])).stderr]);
    expect(stderr).toMatch(/the environment variable OPENAI_API_KEY is not set/);
    expect((await user.runHere(["serve", "--help"])).stdout).not.toContain("default: []");
  });

  it.each<[string, string[], RegExp]>([
    [
      "other machines without a token",
      ["--host", "0.0.0.0"],
      /--host 0\.0\.0\.0: other machines could spend your money.*--token-env VAR/,
    ],
    ["a variable that is empty", ["--token-env", "EMPTY"], /--token-env: the environment variable EMPTY is not set, or empty/],
    ["a port that is no number", ["--port", "many"], /not a number/],
    [
      "an origin that is none",
      ["--allow-origin", "foo"],
      /--allow-origin foo: write the address of a page.*https:\/\/app\.example\.com/,
    ],
    ["a host that is none", ["--allow-host", "http://x"], /--allow-host http:\/\/x: write a name alone.*: x$/m],
    ["room for nobody", ["--max-queue", "0"], /a whole number of 1 or more/],
  ])("does not begin with %s", async (_, args, message) => {
    const user = new Workplace();
    user.environment["EMPTY"] = "";
    const { code, stderr } = await user.runHere(["serve", "-p", "mock", ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
