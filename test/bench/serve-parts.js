// The other processes of `npm run bench:serve` and of trials: `upstream DELAY_MS [SPREAD]` answers each request after a time, which varies by that
// share of it, `events EVERY_MS` by a stream of 100 events that say when they were sent, `pipe URL` passes all on by node:http alone. Each prints its
// port, and ends with its parent.
import { Agent, createServer, request as ask } from "node:http";

const [role, argument, spread = "0"] = process.argv.slice(2);
const content = "x".repeat(250);
const answer = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: "stop" }],
  usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 },
});
const agent = new Agent({ keepAlive: true });

function answerLater(request, response) {
  const reply = () => {
    response.writeHead(200, { "content-type": "application/json", "content-length": answer.length });
    response.end(answer);
  };
  const delayMs = Number(argument) * (1 + Number(spread) * (2 * Math.random() - 1));
  request.resume().on("end", () => (delayMs === 0 ? reply() : setTimeout(reply, delayMs)));
}

/** The time is that of the machine, which its processes share. */
function sendEvents(request, response) {
  request.resume().on("end", () => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    let left = 100;
    const timer = setInterval(() => {
      left -= 1;
      const delta = { content: String(performance.timeOrigin + performance.now()) };
      const chunk = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m" };
      const choices = [{ index: 0, delta, finish_reason: left === 0 ? "stop" : null }];
      response.write(`data: ${JSON.stringify({ ...chunk, choices })}\n\n`);
      if (left === 0) response.end("data: [DONE]\n\n");
    }, Number(argument));
    response.on("close", () => clearInterval(timer));
  });
}

function passOn(request, response) {
  const { hostname, port } = new URL(argument);
  const { method, url: path, headers } = request;
  const upstream = ask({ agent, hostname, port, method, path, headers }, (received) => {
    response.writeHead(received.statusCode, received.headers);
    received.pipe(response);
  });
  upstream.on("error", () => response.destroy());
  request.pipe(upstream);
}

const listeners = { upstream: answerLater, events: sendEvents, pipe: passOn };
const server = createServer({ keepAliveTimeout: 75_000 }, listeners[role]);
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => process.stdout.write(`${server.address().port}\n`));
process.on("disconnect", () => process.exit());
