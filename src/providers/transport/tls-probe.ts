import { isIP } from "node:net";
import { connect } from "node:tls";
import { errorCode } from "../../model/errors.ts";
import { TransportError } from "../failures/transport-error.ts";

const hangUps: ReadonlySet<string | undefined> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);
/** A server that speaks TLS answers a handshake within two round trips. */
const timeoutMs = 1_000;

/** Finds out once, by a handshake, whether a server that hangs up on plain http speaks TLS: most of those do so without a word. */
export class TlsProbe {
  readonly #host: string;
  readonly #port: number;
  #speaksTls: Promise<boolean> | undefined;

  /** @param origin `http://localhost:8443` */
  constructor(origin: string) {
    const { hostname, port } = new URL(origin);
    this.#host = hostname.replace(/^\[|\]$/g, "");
    this.#port = Number(port || 80);
  }

  /** It speaks http: nothing is to be found out. */
  answered(): void {
    this.#speaksTls ??= Promise.resolve(false);
  }

  /** @returns undefined for an error that says what is wrong itself. */
  explain(error: Error): Promise<Error> | undefined {
    if (!hangUps.has(errorCode(error))) return undefined;
    this.#speaksTls ??= this.#shakeHands();
    return this.#speaksTls.then((speaksTls) => (speaksTls ? new TransportError("ERR_SPEAKS_TLS") : error));
  }

  /** Nothing is sent but the handshake, so that it does not matter whose certificate that is. */
  #shakeHands(): Promise<boolean> {
    return new Promise((resolve) => {
      const servername = isIP(this.#host) === 0 ? this.#host : "";
      const socket = connect({ host: this.#host, port: this.#port, servername, rejectUnauthorized: false });
      const end = (speaksTls: boolean): void => {
        socket.destroy();
        resolve(speaksTls);
      };
      socket.setTimeout(timeoutMs, () => end(false));
      socket.once("secureConnect", () => end(true));
      socket.on("error", () => end(false));
    });
  }
}
