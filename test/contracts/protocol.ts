import * as fc from "fast-check";
import { expect, it } from "vitest";
import { noUsage } from "../support/usage.ts";
import { failureKinds } from "../../src/model/failure.ts";
import { type Usage } from "../../src/model/usage.ts";
import type { HttpResponse, Protocol } from "../../src/providers/protocol.ts";

export interface ProtocolSample {
  readonly name: string;
  /** A whole, good answer. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly usage: Usage;
}

/** What every protocol keeps to. Call it inside a `describe`. */
export function protocolContract(protocol: Protocol, samples: readonly ProtocolSample[]): void {
  it("has a plain path", () => {
    expect(protocol.path).toMatch(/^\/v1(\/[a-z]+)+$/);
  });

  it("names its headers in lower case and none that belong to others", () => {
    const names = Object.keys(protocol.headers);
    expect(names).toEqual(names.map((name) => name.toLowerCase()));
    expect(names).not.toContain("authorization");
    expect(names).not.toContain("content-type");
  });

  it.each(samples)("takes $name for an answer and reads its usage", ({ body, usage }) => {
    expect(protocol.readFailure(responseOf(200, body))).toBeUndefined();
    expect(protocol.readFailure(responseOf(201, body))).toBeUndefined();
    expect(protocol.readUsage(body)).toEqual(usage);
  });

  it.each(samples)("takes $name for a failure when it holds an error as well", ({ body }) => {
    const response = responseOf(200, { ...body, error: { code: "rate_limit_exceeded", message: "slower" } });
    expect(protocol.readFailure(response)).toMatchObject({ kind: "rate_limit", retryable: true, statusCode: 200 });
  });

  it.each(samples)("does not mind an error of null in $name", ({ body }) => {
    expect(protocol.readFailure(responseOf(200, { ...body, error: null }))).toBeUndefined();
    expect(protocol.readFailure(responseOf(200, { ...body, error: {} }))).toBeUndefined();
  });

  it.each(["", " ", "null", "{}", "[]", '"ok"', "<html></html>", "{"])("asks again after a 200 that is no answer: %j", (text) => {
    expect(protocol.readFailure(responseOfText(200, text))).toMatchObject({ kind: "invalid_response", retryable: true });
  });

  it("reads zeros where no usage is reported", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(protocol.readUsage(withoutUsage(body))).toEqual(noUsage);
      }),
    );
  });

  it("reads whole counts from whatever stands for usage, and does not throw", () => {
    const count = fc.oneof(fc.jsonValue(), fc.double(), fc.integer(), fc.constantFrom(Infinity, -1, 1.5, 1e300));
    const names = ["prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "cache_read_input_tokens"];
    const details = { prompt_tokens_details: count, output_tokens_details: fc.record({ reasoning_tokens: count }) };
    const usage = fc.record({ ...Object.fromEntries(names.map((name) => [name, count])), ...details });
    fc.assert(
      fc.property(usage, (value) => {
        for (const tokens of Object.values(protocol.readUsage({ usage: value }))) {
          expect(Number.isInteger(tokens) && tokens >= 0).toBe(true);
        }
      }),
    );
  });

  it("finds a failure in every status but 2xx, whatever the body", () => {
    const status = fc.oneof(fc.integer({ min: 300, max: 999 }), fc.constantFrom(400, 401, 404, 408, 413, 429, 500, 503, 529));
    const header = fc.constantFrom("1", "-1", "soon", "Wed, 21 Oct 2099 07:28:00 GMT", "1e9");
    fc.assert(
      fc.property(status, fc.jsonValue(), fc.option(header, { nil: undefined }), (statusCode, body, retryAfter) => {
        const failure = protocol.readFailure(responseOf(statusCode, body, { "retry-after": retryAfter }));
        expect(failureKinds).toContain(failure?.kind);
        expect(failure?.statusCode).toBe(statusCode);
        expect(failure?.message).toContain(String(statusCode));
        expect(failure?.retryAfterMs ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
}

export function responseOf(statusCode: number, body: unknown, headers: HttpResponse["headers"] = {}): HttpResponse {
  return { statusCode, headers, body, text: JSON.stringify(body), receivedAt: new Date() };
}

export function responseOfText(statusCode: number, text: string, headers: HttpResponse["headers"] = {}): HttpResponse {
  return { statusCode, headers, body: parsed(text), text, receivedAt: new Date() };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function withoutUsage(body: unknown): unknown {
  return typeof body === "object" && body !== null && "usage" in body ? { ...body, usage: undefined } : body;
}
