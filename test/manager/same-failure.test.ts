import { describe, expect, it } from "vitest";
import {
  createHttpProvider,
  createMemoryCache,
  createProvider,
  type Provider,
  RequestManager,
  type RequestManagerOptions,
} from "../../src/index.ts";
import { createRoutedProvider, RouteTarget } from "../../src/providers/providers.ts";
import { selfSignedCertificate } from "../providers/self-signed.ts";
import { closing, serve } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import { serveBehindProxy } from "../support/proxy-server.ts";
import { chatAnswer, errorAnswer, type Reply, type Script } from "../support/scripted-server.ts";
import { serveManagers } from "./managers.ts";
import { answerOf, prompts } from "./prompts.ts";

const options = { concurrency: 4, retry: { retryDelayMs: 1 } } satisfies Partial<RequestManagerOptions>;

function managerOf(provider: Provider): RequestManager {
  return closing(new RequestManager({ ...options, provider, model: "m" }));
}

function stopOf(asked: Promise<unknown>): Promise<unknown> {
  return asked.then(
    () => "not stopped",
    (error: unknown) => error,
  );
}

const oneGood: Script = ({ body }) => (body.includes('prompt 40"') ? chatAnswer("fine") : errorAnswer(400));

const page: Reply = { headers: { "content-type": "text/html" }, body: "<html><body>Welcome to the gateway</body></html>" };

describe("what no request gets through to", () => {
  it.each<[string, Reply, RegExp]>([
    ["a redirect", { status: 302, headers: { location: "https://elsewhere.example/" } }, /redirected to elsewhere\.example/],
    ["405", { status: 405, body: "Method Not Allowed" }, /405: Method Not Allowed \(is the base URL right\?\)/],
    ["501", { status: 501, body: "" }, /501: the body is empty \(is the base URL right\?\)/],
    ["a web page", page, /an HTML page: Welcome to the gateway \(is the base URL right\?\)/],
    ["a web page with 400", { ...page, status: 400 }, /an HTML page: Welcome to the gateway \(is the base URL right\?\)/],
  ])("was asked for each line: %s stops the run after a few attempts and says what may be wrong", async (_, reply, words) => {
    const { server, createManager } = await serveManagers(() => reply);
    const stop = await stopOf(createManager(options).processBatch([...prompts(100)], { throwOnStop: true }));
    expect(stop).toMatchObject({ reason: "same_failure", message: expect.stringMatching(words) });
    expect(server.ledger.length).toBeLessThanOrEqual(3 + 2 * 4);
  });

  it("was tried for minutes: http to a port that speaks TLS", async () => {
    const server = await serve(undefined, { tls: selfSignedCertificate("localhost") });
    const provider = createProvider("openai", { baseUrl: `http://127.0.0.1:${server.port}/v1`, apiKey: "key" });
    const stop = await stopOf(managerOf(provider).processBatch([...prompts(100)], { throwOnStop: true }));
    expect(stop).toMatchObject({
      reason: "unreachable",
      message: expect.stringContaining("should the base URL start with https://?"),
    });
    expect(server.connections).toBeLessThanOrEqual(1 + 3 + 2 * 4);
  });

  it.each<[string, { tls?: object; url?: string }]>([
    ["a certificate that is not trusted", { tls: selfSignedCertificate("localhost") }],
    ["TLS to a port that does not speak it", {}],
  ])("was tried for minutes: %s", async (_, tls) => {
    const server = await serve(undefined, tls);
    const provider = createProvider("openai", { baseUrl: `https://127.0.0.1:${server.port}/v1`, apiKey: "key" });
    const stop = await stopOf(managerOf(provider).processBatch([...prompts(100)], { throwOnStop: true }));
    expect(stop).toMatchObject({
      reason: "unreachable",
      message: expect.stringMatching(/^\d requests in a row failed alike: 127/),
    });
    expect(server.connections).toBeLessThanOrEqual(3 + 2 * 4);
  });

  it("was tried for minutes: through a proxy that wants a password", async () => {
    const { proxy } = await serveBehindProxy({ tls: selfSignedCertificate("localhost") });
    proxy.refusal = 407;
    const provider = createProvider("openai", { baseUrl: "https://localhost/v1", apiKey: "key", proxy: `http://${proxy.host}` });
    const stop = await stopOf(managerOf(provider).processBatch([...prompts(100)], { throwOnStop: true }));
    expect(stop).toMatchObject({
      reason: "unreachable",
      message: expect.stringContaining("the proxy wants a name and password"),
    });
    expect(proxy.ledger.length).toBeLessThanOrEqual(3 + 2 * 4);
  });

  it("in the middle of a run has to be met 25 times: it may be a firewall that dislikes some texts", async () => {
    const { server, createManager } = await serveManagers(({ index }) => (index < 10 ? chatAnswer() : page));
    const stop = await stopOf(
      createManager({ ...options, retry: { maxRetries: 0 } }).processBatch([...prompts(100)], { throwOnStop: true }),
    );
    expect(stop).toMatchObject({
      reason: "same_failure",
      message: expect.stringMatching(/^\d\d requests in a row failed alike/),
    });
    expect(server.ledger.length).toBeGreaterThanOrEqual(10 + 25);
    expect(server.ledger.length).toBeLessThanOrEqual(10 + 25 + 2 * 4);
  });

  it("was asked no further: the next target of the route is asked instead", async () => {
    const first = await serve(() => ({ status: 302, headers: { location: "/" } }));
    const second = await serve(() => chatAnswer("fine"));
    const targets = [first, second].map(({ url }, index) => {
      const name = `target ${index}`;
      return new RouteTarget(name, createHttpProvider({ name, baseUrl: `${url}/v1` }));
    });
    const steps = targets.map((target, rank) => ({ target, model: "m", rank, weight: 1 }));
    const provider = createRoutedProvider({ name: "all", targets, routeOf: () => steps, onEvicted: () => {} });
    const results = await managerOf(provider).processBatch([...prompts(40)]);
    expect(results.filter(({ status }) => status === "failed")).toEqual([]);
    expect(second.ledger).toHaveLength(40);
  });
});

describe("the same failure for every line", () => {
  it.each<[string, Reply]>([
    ["a 400", errorAnswer(400, { message: "no such parameter" })],
    ["JSON of another API with 200", { body: { hello: "no such parameter" } }],
  ])("was met 500 times: %s stops the run after 25 lines, with the commonest message", async (_, reply) => {
    const odd = errorAnswer(400, { message: "too odd" });
    const { server, createManager } = await serveManagers(({ index }) => (index === 3 ? odd : reply));
    const stop = await stopOf(createManager(options).processBatch([...prompts(100)], { throwOnStop: true }));
    expect(stop).toMatchObject({
      reason: "same_failure",
      message: expect.stringMatching(/^2\d requests in a row failed alike: HTTP .*no such parameter.*\(--max-failures N goes on/),
    });
    expect(server.ledger.length).toBeLessThanOrEqual(1 + 2 * 25 + 4); // what is no answer is asked twice
  });

  it("stops nothing once a line has succeeded, be it from the cache, nor where the user says how many may fail", async () => {
    const { server, createManager } = await serveManagers(oneGood);
    const cache = createMemoryCache();
    await createManager({ cache }).execute("prompt 40");
    const failedOf = async (more: object): Promise<number> => {
      const results = await createManager({ ...options, ...more }).processBatch([...prompts(80)]);
      return results.filter(({ status }) => status === "failed").length;
    };
    expect(await failedOf({ cache })).toBe(79);
    expect(await failedOf({ maxFailures: { count: 80 } })).toBe(79);
    expect(server.ledger).toHaveLength(1 + 79 + 80);
  });

  it("stops nothing while slow answers are on their way, and nothing where a filter judges each line", async () => {
    const held = deferred<Reply>();
    const { server, createManager } = await serveManagers(({ index }) =>
      index < 30 ? held.promise : errorAnswer(400, { code: index < 60 ? null : "content_filter" }),
    );
    const running = createManager({ concurrency: 31, adaptive: false }).processBatch([...prompts(60)]);
    await server.until(() => server.ledger.length === 60);
    held.resolve(chatAnswer("fine"));
    expect((await running).map(answerOf).filter((kind) => kind === "invalid_request")).toHaveLength(30);
    expect((await createManager(options).processBatch([...prompts(60)])).map(answerOf)).toContain("content_filter");
  });
});
