import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer } from "../support/scripted-server.ts";
import { Workplace } from "./cli.ts";

const body = { model: "m", messages: [{ role: "user", content: "Hi" }] };

describe("batch files of Azure, whose `url` has no version", () => {
  const lines = [
    { custom_id: "chat", method: "POST", url: "/chat/completions", body },
    { custom_id: "embeddings", method: "POST", url: "/embeddings", body: { model: "m", input: "Hi" } },
  ];

  it.each([
    ["/v1", "/v1/chat/completions", "/v1/embeddings"],
    ["", "/v1/chat/completions", "/v1/embeddings"],
    ["/openai/v1", "/openai/v1/chat/completions", "/openai/v1/embeddings"],
    [
      "/openai/deployments/d?api-version=1",
      "/openai/deployments/d/chat/completions?api-version=1",
      "/openai/deployments/d/embeddings?api-version=1",
    ],
  ])("work at every provider: at %j", async (base, chat, embeddings) => {
    const server = await serve(({ path }) =>
      path.includes("embeddings") ? { status: 200, body: { data: [{ embedding: [1] }] } } : chatAnswer(),
    );
    const user = new Workplace();
    user.write("in.jsonl", lines);
    for (const provider of ["openai", "azure", "vllm"]) {
      user.environment["AZURE_OPENAI_API_KEY"] = "key-of-azure";
      const { code, stderr } = await user.runHere([
        "run",
        "in.jsonl",
        "-p",
        provider,
        "--base-url",
        server.url + base,
        "--refresh",
      ]);
      expect(code, stderr).toBe(0);
    }
    expect(server.ledger.map(({ path }) => path).toSorted()).toEqual(
      [chat, chat, chat, embeddings, embeddings, embeddings].toSorted(),
    );
  });

  it("are found in the cache where the same requests had the version", async () => {
    const server = await serve();
    const user = new Workplace();
    const args = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl"];
    for (const url of ["/v1/chat/completions", "/chat/completions"]) {
      user.write("in.jsonl", [{ url, body }]);
      expect((await user.runHere(args)).code).toBe(0);
    }
    expect(server.ledger).toHaveLength(1);
  });
});

describe("paths of no known API", () => {
  const paths = ["/v1/score", "/rerank", "/v2/rerank", "/v1/moderations", "/v1/images/generations"];

  it("are sent with --base-url, and any JSON that comes back is the answer", async () => {
    const server = await serve(({ path }) => ({ status: 200, body: { of: path, usage: { input_tokens: 3, output_tokens: 4 } } }));
    const user = new Workplace();
    user.write(
      "in.jsonl",
      paths.map((url) => ({ custom_id: url, url, body: { model: "m", input: "Hi" } })),
    );
    const args = ["--base-url", `${server.url}/v1`];
    expect(await user.runHere(["validate", "in.jsonl", ...args])).toMatchObject({ code: 0, stderr: "" });
    for (const _ of [1, 2])
      expect(await user.runHere(["run", "in.jsonl", ...args, "-c", "1", "-o", "out.jsonl"])).toMatchObject({ code: 0 });
    const reached = ["/v1/score", "/v1/rerank", "/v2/rerank", "/v1/moderations", "/v1/images/generations"];
    expect(server.ledger.map(({ path }) => path)).toEqual(reached);
    expect(user.lines("out.jsonl").map(({ response }) => response?.body)).toMatchObject(reached.map((of) => ({ of })));
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({
      from_cache: { prompt_tokens: 15, completion_tokens: 20 },
    });
  });

  it("and errors, and answers that are no JSON, are failures there", async () => {
    const server = await serve(({ index }) =>
      index === 0 ? { status: 200, body: "OK" } : { status: 404, body: { detail: "Not Found" } },
    );
    const user = new Workplace();
    user.write(
      "in.jsonl",
      ["/v1/score", "/rerank"].map((url) => ({ url, body: { model: "m" } })),
    );
    await user.runHere(["run", "in.jsonl", "--base-url", server.url, "-c", "1", "-o", "out.jsonl", "--max-retries", "0"]);
    expect(user.lines("out.jsonl").map(({ error }) => error?.code)).toEqual(["invalid_response", "not_found"]);
  });

  it("are refused by a preset, before anything is sent; the message lists those that it has", async () => {
    const user = new Workplace();
    user.write("in.jsonl", [{ url: "/v1/score", body: { model: "m" } }]);
    for (const command of ["run", "validate"]) {
      const { code, stderr } = await user.runHere([command, "in.jsonl", "-p", "openai"]);
      expect(code).toBe(2);
      expect(stderr).toContain(
        "in.jsonl:1: openai has no /v1/score: it has /v1/chat/completions, /v1/responses, /v1/embeddings, /v1/completions; only at a base URL",
      );
    }
  });
});

describe("an API that a service does not have", () => {
  const messages = { custom_id: "a", params: { max_tokens: 9, ...body } };

  it("is named by `validate` as by `run`, also where the model or a line names the provider", async () => {
    const user = new Workplace();
    user.environment["ANTHROPIC_API_KEY"] = "key-of-anthropic";
    const embedding = { custom_id: "b", url: "/v1/embeddings", body: { model: "anthropic/claude", input: "Hi" } };
    user.write("in.jsonl", [messages, embedding]);
    for (const command of ["run", "validate"]) {
      const { code, stderr } = await user.runHere([command, "in.jsonl"]);
      expect(code).toBe(2);
      expect(stderr).toContain("in.jsonl:1: openai has no /v1/messages: it has /v1/chat/completions, ");
      expect(stderr).toContain("in.jsonl:2: anthropic has no /v1/embeddings: it has /v1/chat/completions, /v1/messages; ");
    }
  });

  it("may be at its base URL of another server, and at providers of a configuration, of which `validate` needs no key", async () => {
    const user = new Workplace();
    user.environment["OPENAI_API_KEY"] = "";
    user.write("in.jsonl", [messages]);
    const here = ["--base-url", "http://127.0.0.1:9"];
    for (const args of [here, ["-p", "anthropic"], ["-p", "azure"], ["-p", "mock"]])
      expect(await user.runHere(["validate", "in.jsonl", ...args]), args.join(" ")).toMatchObject({ code: 0, stderr: "" });
    user.write(
      "llmbatch.config.json",
      JSON.stringify({ providers: { mine: { base_url: "http://gpu.example/v1", api_keys: ["${NOT_SET}"] } } }),
    );
    user.write("in.jsonl", [
      { ...messages, provider: "mine" },
      { provider: "nowhere", body },
    ]);
    const { code, stderr } = await user.runHere(["validate", "in.jsonl"]);
    expect(code).toBe(2);
    expect(stderr).toContain('in.jsonl:2: there is no provider "nowhere"');
    expect(stderr).not.toContain("in.jsonl:1");
  });
});
