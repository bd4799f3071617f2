import { expect, it } from "vitest";
import { headBytes, mediaTypeOf } from "../../../src/jsonl/attachments/media-type.ts";

const latin = (text: string): Buffer => Buffer.from(text, "latin1");

it.each([
  ["image/png", latin("\x89PNG\r\n\x1a\n\0\0\0\rIHDR")],
  ["image/jpeg", latin("\xff\xd8\xff\xe0\0\x10JFIF")],
  ["image/gif", latin("GIF89a")],
  ["image/webp", latin("RIFF\x24\0\0\0WEBPVP8 ")],
  ["image/avif", latin("\0\0\0\x20ftypavif")],
  ["image/heic", latin("\0\0\0\x18ftypheic")],
  ["image/tiff", latin("II*\0")],
  ["application/pdf", latin("%PDF-1.7")],
  ["audio/wav", latin("RIFF\x24\0\0\0WAVEfmt ")],
  ["audio/mpeg", latin("ID3\x04")],
  ["audio/mpeg", latin("\xff\xfb\x90")],
  ["audio/mpeg", latin("\xff\xf3\x90")],
  ["audio/aac", latin("\xff\xf1\x50")],
  ["audio/ogg", latin("OggS\0")],
  ["audio/flac", latin("fLaC\0")],
  ["audio/mp4", latin("\0\0\0\x20ftypM4A ")],
  ["video/mp4", latin("\0\0\0\x20ftypisom")],
  ["video/quicktime", latin("\0\0\0\x14ftypqt  ")],
  ["video/webm", latin("\x1a\x45\xdf\xa3")],
])("%s is told by its first bytes", (mediaType, head) => {
  expect(mediaTypeOf(head)).toBe(mediaType);
  expect(mediaTypeOf(Buffer.concat([head, Buffer.alloc(100)]).subarray(0, headBytes))).toBe(mediaType);
});

it.each([
  "",
  "\x89PN",
  "root:x:0:0:",
  "\xff\xfeU\0T\0F\0",
  "\xff\xff\xff",
  "RIFF\0\0\0\0AVI ",
  "PK\x03\x04",
  "\x7fELF",
  " %PDF-1.7",
])("%j is none of them", (head) => {
  expect(mediaTypeOf(latin(head))).toBeUndefined();
});
