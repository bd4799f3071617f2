import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type ServerResponse } from "node:http";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { project, readPage } from "../docs/pages.ts";
import { closing } from "../support/closing.ts";
import { freePort, portOf } from "../support/raw-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { Figures, sized } from "./figures.ts";
import { startServing } from "./serving.ts";

const nginx = ["nginx", "/usr/sbin/nginx"].find((path) => spawnSync(path, ["-v"]).error === undefined);
const count = sized({ small: 10, full: 500 });
const event = (content: string): string => `data: ${JSON.stringify(piece({ content }))}\n\n`;

it.skipIf(nginx === undefined)(
  `through nginx, as documented, events arrive one by one${nginx === undefined ? " (skipped: there is no nginx)" : ""}`,
  async () => {
    const upstream = await startGated();
    const { port } = await startServing(upstream.url);
    const url = await startNginx(port);
    const body = JSON.stringify({ model: "m", stream: true, messages: [] });
    /** The head of a stream comes with its first event. */
    const ask = async (first: string): Promise<ReadableStreamDefaultReader<Uint8Array>> => {
      upstream.write(event(first));
      const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", body });
      if (response.body === null) throw new Error(`status ${response.status} without a body`);
      return response.body.getReader();
    };
    const figures = new Figures("nginx before the server");

    // The provider sends an event when the client has the one before: one that is held back would end it here.
    const reader = await ask("word0.");
    let seen = 0;
    for (; seen < count; seen += 1) {
      if (seen > 0) upstream.write(event(`word${seen}.`));
      let text = "";
      while (!text.includes(`word${seen}.`)) text += String(Buffer.from((await reader.read()).value ?? []));
    }
    upstream.write(chat([piece({}, {}, "stop")]));
    upstream.end();
    let rest = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) rest += Buffer.from(read.value).toString();
    expect(rest).toMatch(/data: \[DONE\]\n\n$/);
    figures.exactly("events that came before the next was sent", seen, count);

    const cut = await ask("word");
    await cut.read();
    upstream.cut();
    await expect(readToEnd(cut)).rejects.toThrow(/terminated/);

    const left = await ask("word");
    await left.read();
    await left.cancel();
    await expect.poll(() => upstream.isGone()).toBe(true);
    expect(figures.missed(`${count} events`)).toEqual([]);
  },
);

async function readToEnd(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  for (let read = await reader.read(); !read.done;) read = await reader.read();
}

/** A provider that sends what it is told to, on the response that began last. */
async function startGated(): Promise<Gated> {
  let response: ServerResponse | undefined;
  let waiting = "";
  const server = createHttpServer((request, current) => {
    request.resume();
    response = current.writeHead(200, { "content-type": "text/event-stream" });
    response.write(waiting);
    waiting = "";
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing({
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  });
  const isGone = (): boolean => response === undefined || response.destroyed;
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    write(text) {
      if (response === undefined || isGone() || response.writableEnded) waiting += text;
      else response.write(text);
    },
    end: () => void response?.end(),
    cut: () => void response?.destroy(),
    isGone,
  };
}

interface Gated {
  readonly url: string;
  write(text: string): void;
  end(): void;
  cut(): void;
  /** The response is over, or none has begun. */
  isGone(): boolean;
}

/** With the configuration of the documentation, but without its certificate. @returns its address. */
async function startNginx(serverPort: number): Promise<string> {
  const page = readPage(join(project, "docs", "serve-clients.md"));
  const documented = page.blocks.find(({ language }) => language === "nginx")?.text ?? "";
  const folder = temporaryFolder();
  const port = await freePort();
  const block = documented
    .replace("listen 443 ssl;", `listen 127.0.0.1:${port};`)
    .replaceAll(/^ *ssl_.*\n/gm, "")
    .replace("127.0.0.1:8000", `127.0.0.1:${serverPort}`);
  expect(block).toContain(`proxy_pass http://127.0.0.1:${serverPort};`);
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`);
  const http = `access_log off; ${paths.join(" ")}\n${block}`;
  const directives = `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;`;
  const file = join(folder, "nginx.conf");
  writeFileSync(file, `${directives}\nevents {}\nhttp { ${http} }\n`);
  const child = spawn(nginx ?? "nginx", ["-c", file, "-e", join(folder, "error.log")], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const url = `http://127.0.0.1:${port}`;
  const isReady = async (): Promise<boolean> => (await fetch(`${url}/health`).catch(() => undefined))?.ok === true;
  await expect.poll(isReady, { message: readFileSync(file, "utf8") }).toBe(true);
  return url;
}
