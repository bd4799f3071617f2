// A load sink: answers every HTTP request at once with the same bytes, doing as little as HTTP allows, so that the client is what is
// measured. `node sink.js BODY_BYTES [FIRST_ANSWER_MS]` prints its port. It ends with its parent.
import { createServer } from "node:net";

const content = "x".repeat(Math.max(0, Number(process.argv[2]) - 330));
const body = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "sink",
  choices: [{ index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: "stop" }],
  usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 },
});
const headers = ["HTTP/1.1 200 OK", "content-type: application/json", "x-request-id: req_1", `content-length: ${body.length}`];
const answer = Buffer.from(`${headers.join("\r\n")}\r\n\r\n${body}`);

/** How long the very first request waits for its answer; the others are answered at once. */
let firstAnswerMs = Number(process.argv[3] ?? 0);

function reply(socket) {
  if (firstAnswerMs === 0) return socket.write(answer);
  const delayMs = firstAnswerMs;
  firstAnswerMs = 0;
  return setTimeout(() => socket.write(answer), delayMs);
}

const server = createServer({ noDelay: true }, (socket) => {
  let missing = 0;
  let head = "";
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    if (missing > 0) {
      missing -= chunk.length;
    } else {
      head += chunk.latin1Slice();
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      missing = end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0) - head.length;
      head = "";
    }
    if (missing === 0) reply(socket);
  });
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => process.stdout.write(`${server.address().port}\n`));
process.on("disconnect", () => process.exit());
