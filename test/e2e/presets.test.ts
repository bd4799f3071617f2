import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import type { ScriptedServer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

/** The one request that the run made, as the server saw it. */
async function askedBy(
  server: ScriptedServer,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<unknown> {
  const user = new Workplace();
  Object.assign(user.environment, environment, { AZURE_OPENAI_API_KEY: "azure-key-0123" });
  user.write("in.jsonl", questions(1, { model: "my-deployment" }));
  const { code, stderr } = await user.runHere(["run", "in.jsonl", ...args]);
  expect(code, stderr).toBe(0);
  expect(server.ledger).toHaveLength(1);
  const [call] = server.ledger;
  return { path: call?.path, key: call?.headers["api-key"], bearer: call?.headers["authorization"], body: call?.json() };
}

describe("--provider azure", () => {
  it("asks the resource that the variable names, with the deployment as the model and the key in its own header", async () => {
    const server = await serve();
    expect(await askedBy(server, ["-p", "azure"], { AZURE_OPENAI_ENDPOINT: `${server.url}/` })).toEqual({
      path: "/openai/v1/chat/completions",
      key: "azure-key-0123",
      bearer: undefined,
      body: expect.objectContaining({ model: "my-deployment" }),
    });
  });

  it("asks a deployment at a dated address", async () => {
    const server = await serve();
    const baseUrl = `${server.url}/openai/deployments/my-deployment?api-version=2024-10-21`;
    expect(await askedBy(server, ["-p", "azure", "--base-url", baseUrl])).toMatchObject({
      path: "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21",
      key: "azure-key-0123",
      bearer: undefined,
    });
  });
});

describe("headers of a run", () => {
  it("are the user's, however they are written, before those of variables", async () => {
    const server = await serve();
    await askedBy(server, ["--header", "OpenAI-Project: mine"], {
      OPENAI_BASE_URL: `${server.url}/v1`,
      OPENAI_ORG_ID: "org-1",
      OPENAI_PROJECT_ID: "proj-1",
    });
    expect(server.ledger[0]?.headers).toMatchObject({ "openai-organization": "org-1", "openai-project": "mine" });
  });
});
