import { expect, test } from "vitest";
import { imageSize } from "../../src/tokens/image-size.ts";

const size = { width: 1234, height: 567 };

function base64(...parts: (string | number[])[]): string {
  return Buffer.concat(parts.map((part) => Buffer.from(part as string, "latin1"))).toString("base64");
}

function bigEndian(value: number, bytes: number): number[] {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return [...buffer];
}

function littleEndian(value: number, bytes: number): number[] {
  return bigEndian(value, bytes).toReversed();
}

const rest = Array.from({ length: 30 }, () => 0);
const png = base64("\x89PNG\r\n\x1a\n", [0, 0, 0, 13], "IHDR", bigEndian(1234, 4), bigEndian(567, 4), rest);
const preview = [0xff, 0xe1, ...bigEndian(60_000, 2), ...Array.from({ length: 59_998 }, () => 0xff)];
const frame = [0xff, 0xc2, 0, 17, 8, ...bigEndian(567, 2), ...bigEndian(1234, 2), 3];

test.each([
  ["PNG", png],
  ["JPEG", base64([0xff, 0xd8], [0xff, 0xe0, 0, 4, 1, 1], frame, rest)],
  ["JPEG behind a preview", base64([0xff, 0xd8], preview, frame, rest)],
  ["GIF", base64("GIF89a", littleEndian(1234, 2), littleEndian(567, 2), rest)],
  [
    "WebP with losses",
    base64("RIFF\0\0\0\0WEBPVP8 ", [0, 0, 0, 0, 0, 0, 0, 0x9d, 1, 0x2a], littleEndian(1234, 2), littleEndian(567, 2), rest),
  ],
  ["WebP without", base64("RIFF\0\0\0\0WEBPVP8L", [0, 0, 0, 0, 0x2f], littleEndian(1233 | (566 << 14), 4), rest)],
  [
    "WebP that is extended",
    base64("RIFF\0\0\0\0WEBPVP8X", [10, 0, 0, 0, 0, 0, 0, 0], littleEndian(1233, 3), littleEndian(566, 3), rest),
  ],
])("the size of a %s stands in its header", (_, image) => {
  expect(imageSize(image)).toEqual(size);
});

test.each([
  ["nothing", ""],
  ["a text", Buffer.from("It is no image, however long it is.".repeat(9)).toString("base64")],
  ["a PNG of no width", base64("\x89PNG\r\n\x1a\n", [0, 0, 0, 13], "IHDR", [0, 0, 0, 0], bigEndian(567, 4), rest)],
  ["a JPEG that ends", base64([0xff, 0xd8], preview)],
  ["a JPEG whose segments lead nowhere", base64([0xff, 0xd8], [0xff, 0xe0, 0, 0], rest)],
  ["what is no base64", "***"],
])("%s has no size", (_, image) => {
  expect(imageSize(image)).toBeUndefined();
});
