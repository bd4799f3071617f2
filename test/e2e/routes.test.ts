import { afterEach, describe, expect, it } from "vitest";
import { type MockServer, type MockServerOptions, startMockServer } from "../../src/mock/mock-server.ts";
import {
  chatAnswer,
  errorAnswer,
  type ReceivedCall,
  cutBeforeHeaders,
  type Script,
  type ScriptedServer,
  startScriptedServer,
} from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

const servers: (MockServer | ScriptedServer)[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(script: Script): Promise<ScriptedServer> {
  const server = await startScriptedServer(script);
  servers.push(server);
  return server;
}

async function mock(options: MockServerOptions): Promise<MockServer> {
  const server = await startMockServer(options);
  servers.push(server);
  return server;
}

function keyOf({ headers }: ReceivedCall): unknown {
  return headers["authorization"] ?? headers["x-api-key"];
}

function configure(user: Workplace, config: object): void {
  user.write("llmbatch.config.json", JSON.stringify(config));
}

const message = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude",
  content: [{ type: "text", text: "Hi" }],
  stop_reason: "end_turn",
  usage: { input_tokens: 3, output_tokens: 2 },
};
const response = {
  id: "resp_1",
  object: "response",
  status: "completed",
  model: "m",
  output: [],
  usage: { input_tokens: 3, output_tokens: 1 },
};

describe("one file, several providers", () => {
  it("mixes three protocols and five providers, and each key reaches only its own provider", async () => {
    const sent: Readonly<Record<string, (key: string) => object>> = {
      openai: (key) => ({ authorization: `Bearer ${key}` }),
      anthropic: (key) => ({ "x-api-key": key }),
      azure: (key) => ({ "api-key": key }),
      groq: (key) => ({ authorization: `Bearer ${key}` }),
      mine: (key) => ({ authorization: `Bearer ${key}` }),
    };
    const names = Object.keys(sent);
    const keys = names.map((name) => `key-of-${name}`);
    const places = await Promise.all(
      names.map(() =>
        serve(({ path }) => {
          if (path.endsWith("/messages")) return { body: message };
          return path.endsWith("/responses") ? { body: response } : chatAnswer("fine");
        }),
      ),
    );
    const user = new Workplace();
    const providers = Object.fromEntries(
      names.map((name, index) => {
        user.environment[`KEY_${index}`] = keys[index];
        return [name, { base_url: `${places[index]?.url}/v1`, api_keys: [`$KEY_${index}`] }];
      }),
    );
    configure(user, { providers });
    const bodies = [
      { body: { model: "m", messages: [{ role: "user", content: "Hi" }] } },
      { body: { model: "m", input: "Hi" } },
      { params: { model: "claude", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] } },
    ];
    const lines = names.flatMap((provider) => bodies.map((body) => Object.assign({ provider }, body)));
    user.write("in.jsonl", lines);
    const { code, stderr } = await user.run(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain("ignored beside");
    for (const [index, { ledger }] of places.entries()) {
      expect(ledger.map(({ path }) => path).toSorted()).toEqual(["/v1/chat/completions", "/v1/messages", "/v1/responses"]);
      const key = keys[index] ?? "";
      for (const { path, headers, body } of ledger) {
        expect(headers).toMatchObject(sent[names[index] ?? ""]?.(key) ?? {});
        const all = JSON.stringify([path, headers, body]);
        expect([...keys, user.environment["OPENAI_API_KEY"] ?? ""].filter((other) => all.includes(other))).toEqual([key]);
      }
    }
  });

  it("a model's name may name its provider, and is sent without it, where nobody named one", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    configure(user, { providers: { house: { base_url: `${server.url}/v1` } } });
    user.write("in.jsonl", [{ model: "house/llama/3", messages: [{ role: "user", content: "Hi" }] }]);
    const first = await user.run(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(first.code, first.stderr).toBe(0);
    expect(server.ledger[0]?.json()).toMatchObject({ model: "llama/3" });
    const named = await user.run(["run", "in.jsonl", "-o", "out.jsonl", "-p", "house"]);
    expect(named.code, named.stderr).toBe(0);
    expect(server.ledger[1]?.json()).toMatchObject({ model: "house/llama/3" });
  });

  it("a model goes by the name that the provider has for it, and nothing else in the body changes", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    configure(user, {
      provider: "house",
      providers: { house: { base_url: `${server.url}/v1`, models: { fast: "llama-3-8b" } } },
    });
    user.write("in.jsonl", '{"messages" : [{"role":"user","content":"Hi"}],"model": "fast", "seed":12345678901234567890}\n');
    const { code, stderr } = await user.run(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(code, stderr).toBe(0);
    expect(server.ledger[0]?.body).toBe(
      '{"messages" : [{"role":"user","content":"Hi"}],"model": "llama-3-8b", "seed":12345678901234567890}',
    );
  });

  it("whose key is missing says so before anything is sent", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    configure(user, {
      provider: "house",
      providers: { house: { base_url: `${server.url}/v1` }, other: { base_url: `${server.url}/v1`, api_keys: ["$NOT_SET"] } },
    });
    user.write("in.jsonl", [...questions(1), { provider: "other", body: { model: "m", messages: [] } }]);
    const { code, stderr } = await user.run(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(code).toBe(2);
    expect(stderr).toContain("in.jsonl:2: no API key: the environment variable NOT_SET is not set");
    expect(server.ledger).toEqual([]);
  });
});

describe("the practice provider", () => {
  it("does not keep the program alive when it is configured and nobody asks it", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    configure(user, { providers: { house: { base_url: `${server.url}/v1` }, mock: {} } });
    user.write("in.jsonl", [{ provider: "house", body: { model: "m", messages: [] } }]);
    const { code, stderr } = await user.run(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(code, stderr).toBe(0);
  });
});

describe("a pool of keys", () => {
  it("of 300 requests a minute each, two of them, is used to the full and neither goes over", async () => {
    const server = await mock({ latencyMs: 5 });
    const user = new Workplace();
    user.environment["KEY_1"] = "one";
    user.environment["KEY_2"] = "two";
    const house = { base_url: server.url, api_keys: ["$KEY_1", "env:KEY_2"], limits: ["requests=300/1m"] };
    configure(user, { provider: "house", providers: { house } });
    user.write("in.jsonl", questions(60));
    const { code, stderr } = await user.run(["run", "in.jsonl", "-o", "out.jsonl", "--log", "log.jsonl"]);
    expect(code, stderr).toBe(0);
    const starts = user
      .read("log.jsonl")
      .split("\n")
      .filter((line) => line.includes('"attempt-start"'))
      .map((line): { time: string; target: string } => JSON.parse(line));
    for (const key of ["house, key 1", "house, key 2"]) {
      const times = starts.filter(({ target }) => target === key).map(({ time }) => Date.parse(time));
      expect(times.length).toBeGreaterThan(20);
      const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
      // 5 a second, and those of 0.3 s that a busy machine may make up for.
      expect(times.length).toBeLessThanOrEqual((spanMs / 1000) * 5 + 3);
    }
    const times = starts.map(({ time }) => Date.parse(time));
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(9_000);
  });

  it("goes on without a key that is revoked in the middle of the run", async () => {
    let asked = 0;
    const server = await serve((call) => {
      asked += 1;
      return keyOf(call) === "Bearer bad" && asked > 40 ? errorAnswer(401, { code: "invalid_api_key" }) : chatAnswer("fine");
    });
    const user = new Workplace();
    user.environment["GOOD"] = "good";
    user.environment["BAD"] = "bad";
    configure(user, { provider: "house", providers: { house: { base_url: `${server.url}/v1`, api_keys: ["$BAD", "$GOOD"] } } });
    user.write("in.jsonl", questions(200));
    const { code, stderr } = await user.run(["run", "in.jsonl", "-o", "out.jsonl", "-c", "8", "--retry-delay", "0.01"]);
    expect(code, stderr).toBe(0);
    expect(stderr.match(/house, key 1 is refused and used no more; 1 left/g)).toHaveLength(1);
    expect(user.lines("out.jsonl").filter(({ error }) => error !== null)).toEqual([]);
    expect(server.ledger.slice(80).every((call) => keyOf(call) === "Bearer good")).toBe(true);
  });

  it("of which every key is refused stops the run", async () => {
    const server = await serve(() => errorAnswer(401, { code: "invalid_api_key" }));
    const user = new Workplace();
    user.environment["KEY_1"] = "one";
    user.environment["KEY_2"] = "two";
    configure(user, {
      provider: "house",
      providers: { house: { base_url: `${server.url}/v1`, api_keys: ["$KEY_1", "$KEY_2"] } },
    });
    user.write("in.jsonl", questions(200));
    const { code, stderr } = await user.run(["run", "in.jsonl", "-o", "out.jsonl", "-c", "4", "--retry-delay", "0.01"]);
    expect(code, stderr).toBe(3);
    expect(stderr).toContain("the API key was refused");
    expect(server.ledger.length).toBeLessThan(30);
  });
});

function routed(user: Workplace, first: string, second: string, strategy = "order"): void {
  configure(user, {
    providers: { first: { base_url: `${first}/v1` }, second: { base_url: `${second}/v1` } },
    routes: {
      "test-model": {
        strategy,
        to: [
          { provider: "first", model: "a" },
          { provider: "second", model: "b" },
        ],
      },
    },
    prices: { a: { input: 5, output: 10 }, b: { input: 1, output: 2 } },
  });
}

describe("a route", () => {
  it("finishes on the second provider when the first is dead, which costs a few attempts", async () => {
    const dead = await serve(() => cutBeforeHeaders());
    const good = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    routed(user, dead.url, good.url);
    user.write("in.jsonl", questions(1_000));
    const { code, stderr } = await user.run(["run", "in.jsonl", "-o", "out.jsonl", "-c", "8", "--retry-delay", "0.01"]);
    expect(code, stderr).toBe(0);
    expect(good.ledger).toHaveLength(1_000);
    expect(good.ledger.every((call) => call.body.includes('"model":"b"'))).toBe(true);
    expect(dead.ledger.length).toBeLessThanOrEqual(40);
  });

  it("never goes on to the second for a request that the first says is bad", async () => {
    const first = await serve(() => errorAnswer(400, { type: "invalid_request_error", message: "no" }));
    const second = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    routed(user, first.url, second.url);
    user.write("in.jsonl", questions(5));
    const { code } = await user.run(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(code).toBe(1);
    expect(second.ledger).toEqual([]);
  });

  it("says of every provider that was tried what came of it", async () => {
    const first = await serve(() => errorAnswer(500, { message: "first is broken" }));
    const second = await serve(() => errorAnswer(500, { message: "second is broken" }));
    const user = new Workplace();
    routed(user, first.url, second.url);
    user.write("in.jsonl", questions(1));
    const { code } = await user.run(["run", "in.jsonl", "-o", "out.jsonl", "--retry-delay", "0.01", "--log", "log.jsonl"]);
    expect(code).toBe(1);
    const [line] = user.lines("out.jsonl");
    expect(line?.error?.code).toBe("server_error");
    expect(line?.error?.message).toBe(
      "All providers failed for model 'test-model': first: HTTP 500: first is broken; second: HTTP 500: second is broken (after 6 attempts)",
    );
    const records = user.read("log.jsonl").split("\n");
    const end = records.find((record) => record.includes('"request-end"'));
    expect(JSON.parse(end ?? "")).toMatchObject({
      error: { code: "server_error" },
      providers_tried: [
        { provider: "first", code: "server_error", message: "HTTP 500: first is broken", status_code: 500 },
        { provider: "second", code: "server_error", message: "HTTP 500: second is broken", status_code: 500 },
      ],
    });
  });

  it("takes the cheapest first", async () => {
    const dear = await serve(() => chatAnswer("fine"));
    const cheap = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    routed(user, dear.url, cheap.url, "cheapest");
    user.write("in.jsonl", questions(10));
    const { code, stderr } = await user.run(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(code, stderr).toBe(0);
    expect(cheap.ledger).toHaveLength(10);
    expect(dear.ledger).toEqual([]);
  });

  it("shares the load among equals", async () => {
    const one = await mock({ latencyMs: 20 });
    const two = await mock({ latencyMs: 20 });
    const user = new Workplace();
    routed(user, one.url.replace(/\/v1$/, ""), two.url.replace(/\/v1$/, ""), "least-loaded");
    user.write("in.jsonl", questions(200));
    const { code, stderr } = await user.run(["run", "in.jsonl", "-o", "out.jsonl", "-c", "20"]);
    expect(code, stderr).toBe(0);
    expect(one.stats().answered).toBeGreaterThan(60);
    expect(two.stats().answered).toBeGreaterThan(60);
  });
});

describe("the configuration file", () => {
  it.each([
    [{ providers: { house: { api_keys: [] } } }, 'llmbatch.config.json: "providers".house.api_keys: expected at least one key'],
    [
      { providers: { house: { api_key: "sk-secret" } } },
      'llmbatch.config.json: "providers".house.api_key: there is no such option',
    ],
    [
      { routes: { m: { strategy: "magic", to: [{ provider: "a" }] } } },
      'llmbatch.config.json: "routes".m.strategy: expected order, cheapest',
    ],
    [
      { providers: { house: { limits: ["lots"] } } },
      'llmbatch.config.json: "providers".house.limits[0]: expected a limit such as',
    ],
  ])("says what is wrong and where, and shows no key: %j", async (config, words) => {
    const user = new Workplace();
    configure(user, config);
    user.write("in.jsonl", questions(1));
    const { code, stderr } = await user.run(["run", "in.jsonl"]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("sk-secret");
  });

  it("of SimpleLLMFunc is read too", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    const entry = {
      model_name: "test-model",
      api_keys: ["sk-one", "sk-two"],
      base_url: `${server.url}/v1`,
      rate_limit_refill_rate: 100,
    };
    user.write("provider.json", JSON.stringify({ house: [entry] }));
    user.write("in.jsonl", questions(20));
    const { code, stderr } = await user.run(["run", "in.jsonl", "-o", "out.jsonl", "--config", "provider.json"]);
    expect(code, stderr).toBe(0);
    expect(new Set(server.ledger.map(keyOf))).toEqual(new Set(["Bearer sk-one", "Bearer sk-two"]));
  });
});

describe("llmbatch check", () => {
  it("asks every provider of the configuration, each key by itself, and says which works", async () => {
    const server = await serve((call) =>
      keyOf(call) === "Bearer bad" ? errorAnswer(401, { code: "invalid_api_key" }) : chatAnswer("OK"),
    );
    const user = new Workplace();
    user.environment["GOOD"] = "good";
    user.environment["BAD"] = "bad";
    const house = { base_url: `${server.url}/v1`, api_keys: ["$GOOD", "$BAD"], models: { fast: "llama" } };
    configure(user, { providers: { house, open: { base_url: `${server.url}/v1` }, practice: { preset: "mock" } } });
    const { code, stdout } = await user.run(["check", "-m", "fast"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/house, key 1 +llama +ok/);
    expect(stdout).toMatch(/house, key 2 +llama +failed/);
    expect(stdout).toMatch(/open +fast +ok/);
    expect(stdout).toMatch(/practice +fast +ok/);
    expect(server.ledger).toHaveLength(3);
  });
});
