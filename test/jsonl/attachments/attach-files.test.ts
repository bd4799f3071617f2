import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FindLocalFile } from "../../../src/jsonl/attachments/local-file.ts";
import { arbitraryObject, arbitraryStyle, arbitraryTree, writeJson } from "../../json/arbitrary-json.ts";
import { invalidOf, requestOf } from "../parse-support.ts";

const mebibyte = 1024 * 1024;
const png = Buffer.from("\x89PNG\r\n\x1a\n and so on", "latin1");
const contents: Readonly<Record<string, Buffer>> = {
  "images/p.png": png,
  "/srv/p.png": png,
  "rel/100%.png": png,
  "a.wav": Buffer.from("RIFF\x24\0\0\0WAVEfmt ", "latin1"),
  "a.mp3": Buffer.from("ID3\x04 and so on", "latin1"),
  "doc.pdf": Buffer.from("%PDF-1.7 and so on"),
  "empty.png": Buffer.alloc(0),
  "secret.txt": Buffer.from("the secret text"),
  "full.png": Buffer.concat([png], 20 * mebibyte),
  "huge.png": Buffer.concat([png], 20 * mebibyte + 1),
  "third.png": Buffer.concat([png], 16 * mebibyte),
};

/** Finds files in memory, and keeps count of how often they were loaded. */
function memoryFiles(): { findFile: FindLocalFile; loaded: () => number } {
  let loaded = 0;
  return {
    loaded: () => loaded,
    findFile: (path) => {
      const content = contents[path];
      if (content === undefined) return { problem: "there is no such file" };
      const read = (): Buffer => {
        loaded += 1;
        return content;
      };
      return { bytes: content.length, head: content.subarray(0, 16), read };
    },
  };
}

const { findFile } = memoryFiles();
const base64 = (path: string): string => contents[path]?.toString("base64") ?? "";
const pngUrl = `data:image/png;base64,${base64("images/p.png")}`;
const chat = (part: string): string =>
  `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"@a"}, ${part} ]}]}`;
const responses = (part: string): string => `{"model":"m","input":[{"role":"user","content":[${part}]}]}`;

const messageWith = (inside: string): string =>
  `{"params":{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{${inside}}}]}]}}`;

const imageBlock = (data: string): string =>
  `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"${data}"}}`;

const twoImages = (data: string): string =>
  `"messages":[{"role":"user","content":[${imageBlock(data)},{"type":"tool_result","content":[${imageBlock(data)}]}]}]`;

const outputOf = (url: string): string =>
  `{"model":"m","input":[{"type":"function_call_output","output":[{"type":"input_image","image_url":"${url}"}]}]}`;

const imagePart = (path: string): string => `{"type":"image_url","image_url":{"url":"@${path}"}}`;

const vanishing: FindLocalFile = () => ({ bytes: 9, head: png, read: () => ({ problem: "it is gone" }) });

const never: FindLocalFile = () => {
  throw new Error("looked for a file");
};

const problemOf = (url: string, options: object = { findFile }): string =>
  invalidOf(chat(`{"type":"image_url","image_url":{"url":${JSON.stringify(url)}}}`), options).failure.message;

describe("files that parts name", () => {
  it.each([
    ["image_url", chat, `{"type":"image_url", "image_url":{"detail":"low", "url" : "@images/p.png"}}`, pngUrl],
    ["image_url", chat, `{"type":"image_url","image_url":{"url":"file:///srv/p.png"}}`, pngUrl],
    ["image_url", chat, `{"type":"image_url","image_url":{"url":"file://localhost/srv/p.png"}}`, pngUrl],
    ["image_url", chat, `{"type":"image_url","image_url":{"url":"FILE:/srv/p.png"}}`, pngUrl],
    ["image_url", chat, `{"type":"image_url","image_url":{"url":"file://images/p.png"}}`, pngUrl],
    ["image_url", chat, `{"type":"image_url","image_url":{"url":"file:rel/100%25.png"}}`, pngUrl],
    ["image_url", chat, String.raw`{"type":"image_url","image_url":{"url":"file:\/\/images\/p.png"}}`, pngUrl],
    ["image_url, a text", chat, `{"type":"image_url","image_url":"@images/p.png"}`, pngUrl],
    ["video_url", chat, `{"type":"video_url","video_url":{"url":"@images/p.png"}}`, pngUrl],
    [
      "file",
      chat,
      `{"type":"file","file":{"filename":"@x","file_data":"@doc.pdf"}}`,
      `data:application/pdf;base64,${base64("doc.pdf")}`,
    ],
    ["input_audio", chat, `{"type":"input_audio","input_audio":{"data":"@a.wav","format":"wav"}}`, base64("a.wav")],
    ["input_image", responses, `{"type":"input_image","image_url":"@images/p.png"}`, pngUrl],
    ["input_file", responses, `{"type":"input_file","file_data":"@doc.pdf"}`, `data:application/pdf;base64,${base64("doc.pdf")}`],
    [
      "image",
      chat,
      `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"@images/p.png"}}`,
      base64("images/p.png"),
    ],
    [
      "document",
      chat,
      `{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"file:doc.pdf"}}`,
      base64("doc.pdf"),
    ],
  ])("as %s take their place, and nothing else changes", (_, wrap, part, content) => {
    const text = wrap(part);
    const literal = /"(?:@|file:|FILE:)[^"]*(?:png|wav|pdf)"/.exec(part)?.[0] ?? "";
    expect(requestOf(text, { findFile }).body).toBe(text.replace(literal, () => JSON.stringify(content)));
  });

  it.each([
    [`"data":"@images/p.png","type":"base64"`, `"data":"${base64("images/p.png")}","media_type":"image/png","type":"base64"`],
    [
      `"type" : "url", "url": "file:///srv/p.png"`,
      `"type" : "base64", "data":"${base64("/srv/p.png")}","media_type":"image/png"`,
    ],
  ])("are sent to Anthropic with what it asks for: %s", (source, sent) => {
    expect(`{"params":${requestOf(messageWith(source), { findFile }).body}}`).toBe(messageWith(sent));
  });

  it("get the format of a sound that has none", () => {
    const body = requestOf(chat(`{"type":"input_audio","input_audio":{"data":"@a.mp3"}}`), { findFile }).body;
    expect(body).toBe(chat(`{"type":"input_audio","input_audio":{"data":"${base64("a.mp3")}","format":"mp3"}}`));
  });

  it("are found in results of tools, several in a line, and beside defaults", () => {
    const request = requestOf(`{${twoImages("@images/p.png")}}`, { findFile, defaultModel: "m" });
    expect(request.body).toBe(`{"model":"m",${twoImages(base64("images/p.png"))}}`);
    expect(requestOf(outputOf("@images/p.png"), { findFile }).body).toBe(outputOf(pngUrl));
  });

  it("are only looked at where lines are only checked", () => {
    const { findFile: find, loaded } = memoryFiles();
    const text = chat(`{"type":"image_url","image_url":{"url":"@images/p.png"}}`);
    expect(requestOf(text, { findFile: find, checkOnly: true })).toMatchObject({ kind: "request", body: "" });
    expect(loaded()).toBe(0);
    requestOf(text, { findFile: find });
    expect(loaded()).toBe(1);
  });
});

describe("files that cannot be sent", () => {
  const named = "`messages[0].content[1].image_url.url` names the file";

  it.each([
    ["@no.png", `${named} "no.png": there is no such file`],
    ["@empty.png", `${named} "empty.png": it is empty`],
    ["@huge.png", `${named} "huge.png": it is larger than 20 MiB`],
    ["@secret.txt", `${named} "secret.txt": by its content it is no image, sound, video or PDF of a kind that can be sent`],
    ["file:///srv/100%.png", `${named} "file:///srv/100%.png": this is no file URL: % must be written as %25`],
    ["@", `${named} "": there is no such file`],
  ])("%s", (url, message) => {
    expect(problemOf(url)).toBe(message);
    expect(problemOf(url, { findFile, checkOnly: true })).toBe(message);
  });

  it("may be as large as the limit, but not all of them together", () => {
    const checked = { findFile, checkOnly: true };
    expect(requestOf(chat(imagePart("full.png")), checked).kind).toBe("request");
    expect(requestOf(chat([1, 2, 3].map(() => imagePart("third.png")).join(",")), checked).kind).toBe("request");
    const { failure } = invalidOf(chat([1, 2, 3, 4].map(() => imagePart("third.png")).join(",")), checked);
    expect(failure.message).toBe("its files are larger than 48 MiB together; spread them over several lines");
  });

  it("are none without a folder to allow, which the message asks for", () => {
    const message = `${named} "images/p.png": to send local files, give --allow-files DIR, the folder that they lie in`;
    expect(problemOf("@images/p.png", {})).toBe(message);
    expect(problemOf("@images/p.png", { checkOnly: true })).toBe(message);
  });

  it("are said so when they are lost between the check and the sending", () => {
    expect(problemOf("@images/p.png", { findFile: vanishing })).toBe(`${named} "images/p.png": it is gone`);
  });
});

describe("what names no file", () => {
  it.each([
    chat(`{"type":"image_url","image_url":{"url":"https://example.com/@p.png"}}`),
    chat(`{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}`),
    chat(`{"type":"text","text":"@p.png","image_url":{"url":"@p.png"}}`),
    chat(`{"type":"file","file":{"file_id":"@p.png"}}`),
    chat(`{"type":"document","source":{"type":"text","media_type":"text/plain","data":"@p.png"}}`),
    chat(`{"type":"image","source":{"type":"file","file_id":"@p.png","url":"@p.png"}}`),
    responses(`{"type":"input_text","text":"file:///etc/passwd"}`),
    `{"model":"m","messages":[{"role":"user","content":"@p.png"}],"user":"@me"}`,
    `{"model":"m","input":["@p.png","file:///p.png"]}`,
    `{"model":"m","messages":[null,7,{"content":[null,7,"@p.png",{"type":"image_url"},{"type":"__proto__"}]}]}`,
  ])("is left alone: %s", (text) => {
    for (const options of [{}, { findFile }]) expect(requestOf(text, options).body).toBe(text);
  });

  it("is left alone, whatever stands in it", () => {
    fc.assert(
      fc.property(arbitraryObject, arbitraryTree, arbitraryTree, arbitraryStyle, ({ members }, messages, input, style) => {
        const others = members.filter(([key]) => !["model", "messages", "input", "body", "params", "provider"].includes(key));
        const tree = { members: [...others, ["model", { string: "m" }], ["messages", [messages]], ["input", [input]]] as const };
        const body = writeJson(tree, style).trim();
        for (const options of [{}, { findFile: never }])
          expect(requestOf(`{"url":"/v1/chat/completions","body":${body}}`, options).body).toBe(body);
      }),
    );
  });
});
