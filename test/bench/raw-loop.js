import { once } from "node:events";
import { connect } from "node:net";

/**
 * Asks as fast as sockets go, to find out how fast a server is: bytes are sent, and once as many as an answer has have come, the next.
 * No HTTP is parsed, no string is made; all answers must have the same length.
 */
export async function createRawLoop(url, concurrency, requests) {
  const { hostname, port } = new URL(url);
  const address = { host: hostname, port: Number(port), noDelay: true };
  const body = JSON.stringify({ model: "sink", messages: [{ role: "user", content: "x".repeat(250) }] });
  const head = ["POST /v1/chat/completions HTTP/1.1", `host: ${hostname}`, `content-length: ${body.length}`];
  const request = Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
  const answerBytes = await measureAnswer(address, request);
  let left = requests;

  const loop = async () => {
    const socket = connect(address);
    let missing = answerBytes;
    socket.on("data", (chunk) => {
      missing -= chunk.length;
      if (missing > 0) return;
      missing = answerBytes;
      left -= 1;
      if (left >= concurrency) socket.write(request);
      else socket.destroy();
    });
    socket.write(request);
    await once(socket, "close");
  };
  return () => Promise.all(Array.from({ length: concurrency }, loop));
}

/** @returns bytes of an answer, its head included. */
async function measureAnswer(address, request) {
  const socket = connect(address);
  socket.write(request);
  let text = "";
  while (!text.includes("\r\n\r\n")) text += (await once(socket, "data"))[0].latin1Slice();
  socket.destroy();
  return text.indexOf("\r\n\r\n") + 4 + Number(/content-length: (\d+)/i.exec(text)[1]);
}
