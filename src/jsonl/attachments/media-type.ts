/** Hex digits of a file's first bytes, `.` for any digit, and the media type that they show. */
const signatures: readonly (readonly [hex: string, mediaType: string])[] = [
  ["89504e470d0a1a0a", "image/png"],
  ["ffd8ff", "image/jpeg"],
  ["474946383761", "image/gif"],
  ["474946383961", "image/gif"],
  ["52494646........57454250", "image/webp"],
  ["........6674797061766966", "image/avif"],
  ["........6674797068656963", "image/heic"],
  ["........6674797068656978", "image/heic"],
  ["........667479706d696631", "image/heif"],
  ["49492a00", "image/tiff"],
  ["4d4d002a", "image/tiff"],
  ["255044462d", "application/pdf"],
  ["52494646........57415645", "audio/wav"],
  ["494433", "audio/mpeg"],
  ["4f676753", "audio/ogg"],
  ["664c6143", "audio/flac"],
  ["464f524d........41494646", "audio/aiff"],
  ["........667479704d344120", "audio/mp4"],
  ["........6674797071742020", "video/quicktime"],
  ["........66747970", "video/mp4"],
  ["1a45dfa3", "video/webm"],
];

/** The number of first bytes that `mediaTypeOf` needs. */
export const headBytes = 16;

const patterns = signatures.map(([hex, mediaType]) => ({ pattern: new RegExp(`^${hex}`), mediaType }));

/** Detects the media type by a file's first bytes; its name does not count. @returns undefined for types that no API accepts. */
export function mediaTypeOf(head: Uint8Array): string | undefined {
  const hex = Buffer.from(head.subarray(0, headBytes)).toString("hex");
  return patterns.find(({ pattern }) => pattern.test(hex))?.mediaType ?? mpegAudio(head);
}

/** MP3 and AAC without a tag begin with a frame header: 11 or 12 set bits, then the layer. */
function mpegAudio([first = 0, second = 0]: Uint8Array): string | undefined {
  if (first !== 0xff) return undefined;
  if ((second & 0xf6) === 0xf0) return "audio/aac";
  return (second & 0xe6) === 0xe2 ? "audio/mpeg" : undefined;
}
