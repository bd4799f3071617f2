import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";
import { configure, keyOf } from "./configure.ts";

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
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl"]);
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

  it("a model's name may name its provider, and is sent without it, unless one is named", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    configure(user, { providers: { house: { base_url: `${server.url}/v1` } } });
    user.write("in.jsonl", [{ model: "house/llama/3", messages: [{ role: "user", content: "Hi" }] }]);
    const first = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(first.code, first.stderr).toBe(0);
    expect(server.ledger[0]?.json()).toMatchObject({ model: "llama/3" });
    const named = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", "-p", "house"]);
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
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl"]);
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
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(code).toBe(2);
    expect(stderr).toContain("in.jsonl:2: no API key: the environment variable NOT_SET is not set");
    expect(server.ledger).toEqual([]);
  });

  it("that does not exist ends nothing but its own line, also where that is the first", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    configure(user, { provider: "house", providers: { house: { base_url: `${server.url}/v1` } } });
    user.write("in.jsonl", [{ provider: "hause", body: { model: "m", messages: [] } }, ...questions(2)]);
    const checked = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect([checked.code, checked.stderr]).toEqual([2, expect.stringMatching(/in\.jsonl:1: .*there is no provider "hause"/)]);
    for (const run of [["run", "in.jsonl", "--skip-invalid"], ["run"]]) {
      const { code, stderr } = await user.runHere([...run, "-o", "out.jsonl"], user.read("in.jsonl"));
      expect(code, stderr).toBe(1);
      expect(user.lines("out.jsonl").map(({ error }) => error?.code)).toEqual(["model_not_found", undefined, undefined]);
    }
    expect(server.ledger).toHaveLength(2);
  });
});

describe("the mock", () => {
  it("does not keep the program alive when it is configured and no request goes to it", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    configure(user, { providers: { house: { base_url: `${server.url}/v1` }, mock: {} } });
    user.write("in.jsonl", [{ provider: "house", body: { model: "m", messages: [] } }]);
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(code, stderr).toBe(0);
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
    const { code, stderr } = await user.runHere(["run", "in.jsonl"]);
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
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", "--config", "provider.json"]);
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
    configure(user, { providers: { house, open: { base_url: `${server.url}/v1` }, local: { preset: "mock" } } });
    const { code, stdout } = await user.runHere(["check", "-m", "fast"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/house, key 1 +llama +ok/);
    expect(stdout).toMatch(/house, key 2 +llama +failed/);
    expect(stdout).toMatch(/open +fast +ok/);
    expect(stdout).toMatch(/local +fast +ok/);
    expect(server.ledger).toHaveLength(3);
  });
});
