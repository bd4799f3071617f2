import { Keyv } from "keyv";
import { describe, expectTypeOf, it } from "vitest";
import {
  type AnswerStream,
  APIKeyPool,
  type BatchResult,
  type BatchResults,
  CacheProvider,
  type CacheStore,
  type CallOptions,
  type Completion,
  Configuration,
  ConfigurationError,
  type CreateProviderOptions,
  createProvider,
  createRoutedProvider,
  DiskCache,
  type ErrorDetails,
  type FailureKind,
  isLlmbatchError,
  type LlmbatchError,
  LLMRequest,
  type LoadedProviders,
  loadProviders,
  MemoryCache,
  Message,
  type ModelResponse,
  ProgressTracker,
  type Provider,
  RequestBatch,
  RequestFailedError,
  requestId,
  requestKey,
  RequestManager,
  type RequestManagerOptions,
  RunStoppedError,
  type Stop,
  type StopReason,
  TokenBucket,
  TokenStats,
  type TriedProvider,
  type Usage,
} from "../src/index.ts";

// `npm run typecheck` is what these tests fail in: at run time they do nothing. Where a line must not compile, `@ts-expect-error` fails if it does.

describe("the public types", () => {
  it("calls give promises and async iterables", () => {
    type Manager = RequestManager;
    expectTypeOf<ReturnType<Manager["processBatch"]>>().toEqualTypeOf<Promise<BatchResults>>();
    expectTypeOf<ReturnType<Manager["run"]>>().toEqualTypeOf<AsyncGenerator<BatchResult>>();
    expectTypeOf<ReturnType<Manager["complete"]>>().toEqualTypeOf<Promise<Completion>>();
    expectTypeOf<ReturnType<Manager["send"]>>().toEqualTypeOf<Promise<BatchResult>>();
    expectTypeOf<Manager["execute"]>().returns.toEqualTypeOf<Promise<BatchResult>>();
    expectTypeOf<ReturnType<Manager["stream"]>>().toEqualTypeOf<AnswerStream>();
    expectTypeOf<AnswerStream>().toExtend<AsyncIterable<{ readonly text: string; readonly event: unknown }>>();
    expectTypeOf<ReturnType<AnswerStream["text"]>>().toEqualTypeOf<Promise<string>>();
    expectTypeOf<Manager>().toExtend<AsyncDisposable>();
    expectTypeOf<ReturnType<typeof loadProviders>>().toEqualTypeOf<Promise<LoadedProviders>>();
    expectTypeOf<Manager["stats"]>().toEqualTypeOf<TokenStats>();
  });

  it("calls take a question, members of the body and options, in this order", () => {
    type Complete = Parameters<RequestManager["complete"]>;
    expectTypeOf<[string]>().toExtend<Complete>();
    expectTypeOf<[{ role: string; content: string }[], { temperature: number }, { signal: AbortSignal }]>().toExtend<Complete>();
    expectTypeOf<[{ url: string; body: object }]>().toExtend<Complete>();
    expectTypeOf<Parameters<RequestManager["stream"]>>().toEqualTypeOf<Complete>();
    expectTypeOf<Required<CallOptions>>().toHaveProperty("timeoutMs");
    expectTypeOf<keyof CallOptions>().toEqualTypeOf<"signal" | "timeoutMs" | "provider" | "url" | "customId" | "onRetry">();
    expectTypeOf<[RequestBatch]>().toExtend<[Parameters<RequestManager["processBatch"]>[0]]>();
    expectTypeOf<[AsyncIterable<string>]>().toExtend<[Parameters<RequestManager["run"]>[0]]>();
    // @ts-expect-error: a batch has many results, each with a custom id of its own
    expectTypeOf<[string[], { customId: "x" }]>().toExtend<Parameters<RequestManager["processBatch"]>>();
    // @ts-expect-error: an option that does not exist
    ((options: CallOptions) => options)({ timeout: 5 });
  });

  it("results say everything, and `error` tells the two kinds apart", () => {
    expectTypeOf<Pick<BatchResult, "id" | "customId" | "index" | "cached" | "attempts" | "latencyMs" | "costUsd">>().toExtend<{
      id: string;
      customId: string;
      index: number;
      cached: boolean;
      attempts: number;
      latencyMs: number;
      costUsd: number | null;
    }>();
    expectTypeOf<BatchResult["provider"]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<BatchResult["model"]>().toEqualTypeOf<string | undefined>();
    type Succeeded = Extract<BatchResult, { error: null }>;
    type Failed = Exclude<BatchResult, { error: null }>;
    expectTypeOf<Succeeded["usage"]>().toEqualTypeOf<Usage>();
    expectTypeOf<Succeeded["text"]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Succeeded["response"]>().toEqualTypeOf<ModelResponse>();
    expectTypeOf<Failed["error"]>().toEqualTypeOf<ErrorDetails>();
    expectTypeOf<Failed["usage"]>().toBeUndefined();
    expectTypeOf(usageOrCode).returns.toEqualTypeOf<Usage | FailureKind>();
    expectTypeOf(usageOfAny).parameters.toEqualTypeOf<[BatchResult]>();
    expectTypeOf<ErrorDetails["providersTried"]>().toEqualTypeOf<readonly TriedProvider[]>();
    expectTypeOf<Usage["promptTokens"]>().toBeNumber();
    expectTypeOf<BatchResults["stopped"]>().toEqualTypeOf<Stop | undefined>();
    expectTypeOf<Stop>().toEqualTypeOf<{ readonly reason: StopReason; readonly message: string }>();
  });

  it("errors have one base with a `code`, and a guard", () => {
    expectTypeOf(isLlmbatchError).guards.toEqualTypeOf<LlmbatchError>();
    expectTypeOf<LlmbatchError["code"]>().toBeString();
    expectTypeOf<ConfigurationError>().toExtend<LlmbatchError & { option: string | undefined }>();
    expectTypeOf<RequestFailedError>().toExtend<LlmbatchError & ErrorDetails>();
    expectTypeOf<RequestFailedError["code"]>().toEqualTypeOf<FailureKind>();
    expectTypeOf<RunStoppedError["results"]>().toEqualTypeOf<readonly BatchResult[]>();
    expectTypeOf<"model_not_found" | "provider_error" | "not_found" | "internal" | "cancelled">().toExtend<FailureKind>();
  });

  it("providers are made of what a file can say", () => {
    expectTypeOf(createProvider).returns.toEqualTypeOf<Provider>();
    expectTypeOf<{
      apiKeys: APIKeyPool;
      organization: string;
      project: string;
      limits: string[];
      models: { fast: string };
      timeoutMs: number;
      concurrency: number;
      defaults: { temperature: number };
    }>().toExtend<CreateProviderOptions>();
    expectTypeOf<readonly string[]>().toExtend<NonNullable<CreateProviderOptions["apiKeys"]>>();
    expectTypeOf(createRoutedProvider).returns.toEqualTypeOf<Provider>();
    expectTypeOf<Record<string, Provider>>().toExtend<Parameters<typeof createRoutedProvider>[0]>();
    expectTypeOf<[readonly string[], string]>().toExtend<ConstructorParameters<typeof APIKeyPool>>();
    expectTypeOf<LoadedProviders["config"]>().toEqualTypeOf<Configuration>();
    expectTypeOf<RequestManagerOptions["allowFiles"]>().toEqualTypeOf<string | undefined>();
    // @ts-expect-error: an option that does not exist
    ((options: CreateProviderOptions) => options)({ orgnization: "o" });
    // @ts-expect-error: a manager needs a provider
    ((options: RequestManagerOptions) => options)({ model: "m" });
  });

  it("classes have the names and methods that programs know", () => {
    expectTypeOf<RequestBatch["chat"]["completions"]["create"]>().returns.toBeString();
    expectTypeOf<RequestBatch["embeddings"]["create"]>().returns.toBeString();
    expectTypeOf<RequestBatch["responses"]["create"]>().returns.toBeString();
    expectTypeOf<RequestBatch["messages"]["create"]>().returns.toBeString();
    expectTypeOf<RequestBatch["length"]>().toBeNumber();
    expectTypeOf<ReturnType<typeof RequestBatch.merge>>().toEqualTypeOf<RequestBatch>();
    expectTypeOf<ReturnType<typeof RequestBatch.fromJSONL>>().toEqualTypeOf<RequestBatch>();
    expectTypeOf<ReturnType<RequestBatch["toJSONL"]>>().toBeString();
    expectTypeOf(LLMRequest.fromPrompt).returns.toEqualTypeOf<LLMRequest>();
    expectTypeOf(LLMRequest.fromDict).returns.toEqualTypeOf<LLMRequest>();
    expectTypeOf(Message.fromDict).returns.toEqualTypeOf<Message>();
    expectTypeOf<ReturnType<Message["toDict"]>>().toEqualTypeOf<Record<string, unknown>>();
    expectTypeOf(requestId).returns.toBeString();
    expectTypeOf(requestKey).returns.toBeString();
    expectTypeOf(TokenBucket).constructorParameters.toExtend<readonly unknown[]>();
    expectTypeOf<[10, 5]>().toExtend<ConstructorParameters<typeof TokenBucket>>();
    expectTypeOf<[number, { show: boolean }]>().toExtend<ConstructorParameters<typeof ProgressTracker>>();
  });

  it("caches are one kind, whatever keeps the answers", () => {
    type Cache = MemoryCache | DiskCache | CacheProvider;
    expectTypeOf<Cache>().toExtend<CacheStore>();
    expectTypeOf<ReturnType<Cache["exists"]>>().toEqualTypeOf<Promise<boolean>>();
    expectTypeOf<ReturnType<Cache["get"]>>().toEqualTypeOf<Promise<ModelResponse | undefined>>();
    expectTypeOf<ReturnType<Cache["delete"]>>().toEqualTypeOf<Promise<boolean>>();
    expectTypeOf<Parameters<Cache["put"]>>().toEqualTypeOf<[key: string, answer: ModelResponse]>();
    expectTypeOf<ReturnType<Cache["clear"]>>().toExtend<Promise<unknown>>();
    expectTypeOf<ReturnType<Cache["close"]>>().toEqualTypeOf<Promise<void>>();
    expectTypeOf<[string, { ttl: number; maxBytes: number }]>().toExtend<ConstructorParameters<typeof DiskCache>>();
    expectTypeOf<[Keyv]>().toExtend<ConstructorParameters<typeof CacheProvider>>();
    expectTypeOf<[Map<string, string>]>().toExtend<ConstructorParameters<typeof CacheProvider>>();
  });

  it("statistics have the names that programs know", () => {
    type Names =
      | "promptTokens"
      | "completionTokens"
      | "totalTokens"
      | "requestsCompleted"
      | "cacheHits"
      | "promptTokensPerSecond"
      | "completionTokensPerSecond"
      | "cacheHitRatio"
      | "requestSaturation"
      | "tokenSaturation";
    expectTypeOf<Names>().toExtend<keyof TokenStats>();
    expectTypeOf<TokenStats["requestsCompleted"]>().toBeNumber();
    expectTypeOf<TokenStats["merge"]>().returns.toEqualTypeOf<TokenStats>();
    expectTypeOf<TokenStats["diff"]>().returns.toEqualTypeOf<TokenStats>();
    expectTypeOf<NonNullable<TokenStats["latencyMs"]>>().toExtend<Record<"p50" | "p75" | "p90" | "p95" | "p99", number>>();
  });
});

function usageOrCode(result: BatchResult): Usage | FailureKind {
  return result.error === null ? result.usage : result.error.code;
}

function usageOfAny(result: BatchResult): Usage {
  // @ts-expect-error: a result that may have failed may have no usage
  return result.usage;
}
