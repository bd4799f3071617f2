import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { portOf } from "../support/raw-server.ts";

interface NetworkFaults {
  /** Of each way. */
  readonly delayMs?: number;
  /** What is sent arrives in pieces of so many bytes. */
  readonly pieceBytes?: number;
}

/** A way to a Redis that is long, or breaks. */
export class BadNetwork {
  readonly url: string;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(port: number, sockets: ReadonlySet<Socket>) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#sockets = sockets;
  }

  static async to(port: number, { delayMs = 0, pieceBytes = Infinity }: NetworkFaults): Promise<BadNetwork> {
    const sockets = new Set<Socket>();
    const forward = (from: Socket, to: Socket): void => {
      sockets.add(from.setNoDelay());
      from.on("error", () => undefined);
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on("data", (bytes: Buffer) => {
        for (let at = 0; at < bytes.length; at += pieceBytes) {
          const piece = bytes.subarray(at, at + pieceBytes);
          setTimeout(() => to.write(piece), delayMs);
        }
      });
    };
    const server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      forward(near, far);
      forward(far, near);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const network = new BadNetwork(portOf(server), sockets);
    onTestFinished(() => {
      server.close();
      network.reset();
    });
    return network;
  }

  /** Ends all connections at once, as a router does that was restarted. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}
