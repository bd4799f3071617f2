// The other processes of `npm run bench:serve`: `upstream DELAY_MS` answers each request after a time, `pipe URL` passes all on by node:http
// alone. Each prints its port, and ends with its parent.
import { Agent, createServer, request as ask } from "node:http";

const [role, argument] = process.argv.slice(2);
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
  request.resume().on("end", () => (Number(argument) === 0 ? reply() : setTimeout(reply, Number(argument))));
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

const server = createServer({ keepAliveTimeout: 75_000 }, role === "pipe" ? passOn : answerLater);
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => process.stdout.write(`${server.address().port}\n`));
process.on("disconnect", () => process.exit());
