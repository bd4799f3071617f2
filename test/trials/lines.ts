/** Makes the line with a number. The number stands in it as `Question N`, and nowhere else. */
export type LineMaker<Line> = (number: number, random: () => number) => Line;

const message = (number: number, more = ""): string => `[{"role":"user","content":"Question ${number}"}${more}]`;
const withField = (field: string): LineMaker<string> => {
  return (number) => `{"model":"test-model",${field},"messages":${message(number)}}`;
};
const ofText = (text: string): LineMaker<string> => withField(`"metadata":{"text":"${text}"}`);
const nested = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;

/** Bodies that are to arrive byte for byte, however odd they look. */
export const goodBodies: readonly LineMaker<string>[] = [
  (number) => `{"model":"test-model","messages":${message(number)}}`,
  (number) => `{  "messages" :\t${message(number)} , "model":"test-model"\r}`,
  withField('"seed":12345678901234567890123'),
  withField('"temperature":0.1000000000000000055511151231257827021181583404541015625'),
  withField('"numbers":[1e400,-1e400,1e-400,-0,0.0,1E+2,9007199254740993]'),
  withField('"user":"a","user":"b"'),
  withField('"__proto__":{"polluted":true}'),
  withField('"constructor":{"prototype":{"polluted":1}},"toString":1,"hasOwnProperty":null'),
  withField(String.raw`"us\u0065r":"escaped key"`),
  withField(`"deep":${nested(900)}`),
  withField(`"long":"${"x".repeat(20_000)}"`),
  ofText(String.raw`\ud800 and \udc00\ud800`),
  ofText(String.raw`\u0000\u001f\/\b\f\n\r\t\"\\`),
  ofText("\uFEFF in the middle"),
  ofText("\u2028\u2029\u0085\u007f"),
  ofText("漢字 🏳️‍🌈 é e\u0301 \u{10FFFF} \uFFFF"),
  ofText('[{]}(,:\\"{\\"body\\":'),
];

const good = (number: number): string =>
  `{"custom_id":"line-${number}","body":{"model":"test-model","messages":${message(number)}}}`;
const bytesIn = (...bytes: number[]): LineMaker<Buffer> => {
  return (number) => Buffer.concat([Buffer.from('{"prompt":"'), Buffer.from(bytes), Buffer.from(`","model":"m","n":${number}}`)]);
};
const always =
  (text: string): LineMaker<string> =>
  () =>
    text;
const value = (text: string): LineMaker<string> => always(`{"model":"m","messages":[],"x":${text}}`);

/** Lines that cannot be sent. */
export const badLines: readonly LineMaker<string | Buffer>[] = [
  // cut off anywhere
  (number, random) => good(number).slice(0, 1 + Math.floor(random() * (good(number).length - 1))),
  // not quite JSON
  ...["{", "}", "[", '"', "nonsense", "<html>", "{]", "{'prompt':'x'}", "{prompt:1}", "// a comment", "undefined"].map(always),
  ...["NaN", "Infinity", "-", "+1", "01", ".5", "1.", "1e", "0x10", "1_000", "tru", "nul", "'x'", "", "[1,]", '{"a":1,}'].map(
    value,
  ),
  ...[String.raw`"\x41"`, String.raw`"\u12"`, String.raw`"\u{1F600}"`, '"\t"', '"\u0001"', '"\0"', '"', '"\\'].map(value),
  (number) => `${good(number)} ${good(number)}`,
  (number) => `${good(number)}]`,
  (number) => `\0${good(number)}`,
  (number) => `${good(number)}\0`,
  (number) => `\u00A0${good(number)}`,
  // not UTF-8: bytes of no character, an overlong form, a surrogate, a number beyond the last character, a character cut short
  ...[[0xff], [0xfe], [0x80], [0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]].map((all) =>
    bytesIn(...all),
  ),
  ...[[0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xc3]].map((all) => bytesIn(...all)),
  (number) => Buffer.from(good(number).replaceAll("\n", ""), "utf16le"),
  // too deep
  always(nested(100_000)),
  always("[".repeat(100_000)),
  always(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`),
  value(nested(100_000)),
  // JSON, but no request
  ...[
    "null",
    "true",
    "42",
    "[]",
    "{}",
    '{"body":"text"}',
    '{"body":null}',
    '{"messages":[]}',
    '{"custom_id":7,"prompt":"x"}',
  ].map(always),
  always('{"__proto__":{"model":"m"},"messages":[]}'),
  always('{"url":"https://elsewhere.example/v1","body":{"model":"m","messages":[]}}'),
];
