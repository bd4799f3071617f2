import { describe, expect, it } from "vitest";
import { openaiChat } from "../../../src/providers/protocols/openai-chat.ts";
import { responseOfText } from "../../contracts/protocol.ts";

describe("what a person reads", () => {
  it.each([
    ["the provider's words", 400, '{"error":{"message":"no such parameter: x"}}', "HTTP 400: no such parameter: x"],
    ["an error that is a string", 500, '{"error":"oops"}', "HTTP 500: oops"],
    ["a bare message", 401, '{"message":"Unauthorized","request_id":"1"}', "HTTP 401: Unauthorized"],
    ["FastAPI", 404, '{"detail":"Not Found"}', "HTTP 404: Not Found"],
    [
      "FastAPI's list",
      422,
      '{"detail":[{"loc":["body"],"msg":"field required"}]}',
      'HTTP 422: [{"loc":["body"],"msg":"field required"}]',
    ],
    [
      "what OpenRouter's provider said",
      502,
      '{"error":{"message":"Provider returned error","metadata":{"raw":"out of memory"}}}',
      "HTTP 502: Provider returned error: out of memory",
    ],
    [
      "llms.py, which calls every failure a 500",
      500,
      '{"responseStatus":{"errorCode":"Exception","message":"Model x not found","stackTrace":"…"}}',
      "HTTP 500: Model x not found",
    ],
    ["an empty body", 500, "", "HTTP 500: the body is empty"],
    [
      "an HTML page",
      502,
      "<html><style>p{color:red}</style>\n<h1>502 Bad Gateway</h1><p>nginx</p></html>",
      "HTTP 502: an HTML page: 502 Bad Gateway nginx",
    ],
    ["plain text", 404, "404 page not found\n", "HTTP 404: 404 page not found"],
    ["JSON without a message", 500, '{"ok":false}', 'HTTP 500: {"ok":false}'],
  ])("%s", (_name, status, text, expected) => {
    expect(openaiChat.readFailure(responseOfText(status, text))?.message).toBe(expected);
  });

  it.each([
    ["https://evil.example:8443/v1/chat?key=1", "evil.example:8443"],
    ["//evil.example/x", "evil.example"],
    ["https://user:pass@evil.example/", "evil.example"],
    ["\\\\evil.example\\x", "evil.example"],
    ["https:\\/evil.example", "evil.example"],
    ["https://user:a@b@evil.example/", "evil.example"],
    ["/login", "another path of the same host"],
    [undefined, "nowhere"],
  ])("names the host that a redirect to %s leads to", (location, host) => {
    const failure = openaiChat.readFailure(responseOfText(308, "", { location }));
    expect(failure).toMatchObject({ kind: "invalid_response", retryable: false });
    expect(failure?.message).toContain(`redirected to ${host};`);
  });
});
