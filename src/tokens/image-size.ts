export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** The frame header of a JPEG file can stand behind a preview and a colour profile. */
const maxHeaderBytes = 128 * 1024;

/**
 * Reads how large an image is from the first bytes of its file: PNG (ISO/IEC 15948, IHDR), JPEG (ITU-T T.81, SOF), GIF89a, WebP (RFC 9649).
 *
 * @param base64 Of the whole file, or of its beginning.
 * @returns undefined for other formats, and where the header says nothing.
 */
export function imageSize(base64: string): ImageSize | undefined {
  const head = Buffer.from(base64.slice(0, 64), "base64");
  const size = isJpeg(head) ? jpegSize(Buffer.from(base64.slice(0, (maxHeaderBytes / 3) * 4), "base64")) : fixedSize(head);
  return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
}

function fixedSize(head: Buffer): ImageSize | undefined {
  if (head.length < 30) return undefined;
  const magic = head.toString("latin1", 0, 16);
  if (magic.startsWith("\x89PNG")) return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
  if (magic.startsWith("GIF8")) return { width: head.readUInt16LE(6), height: head.readUInt16LE(8) };
  if (!magic.startsWith("RIFF") || magic.slice(8, 12) !== "WEBP") return undefined;
  switch (magic.slice(12)) {
    case "VP8X":
      return { width: head.readUIntLE(24, 3) + 1, height: head.readUIntLE(27, 3) + 1 };
    case "VP8L": {
      const bits = head.readUInt32LE(21);
      return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
    }
    default:
      return { width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff };
  }
}

function isJpeg(head: Buffer): boolean {
  return head[0] === 0xff && head[1] === 0xd8;
}

/** Goes from segment to segment until the one that says it. */
function jpegSize(head: Buffer): ImageSize | undefined {
  let at = 2;
  while (at + 9 <= head.length) {
    if (head[at] !== 0xff) return undefined;
    const marker = head[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { height: head.readUInt16BE(at + 5), width: head.readUInt16BE(at + 7) };
    at += 2 + head.readUInt16BE(at + 2);
  }
  return undefined;
}
