import { type FileHandle, open } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseJson } from "../../json/json-value.ts";
import type { Attempt } from "../../model/attempt.ts";
import type { Redact } from "../../text/redaction.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { Provider, SendOptions } from "../../providers/providers.ts";
import { asConfigurationError, describeSystemError, makeFolders } from "../files/system-error.ts";

/**
 * Opens a log of the bodies of all calls in a new file of `directory`, which is made if it is not there: JSON Lines, for its owner alone.
 *
 * @param redact Hides what is secret. Headers are not logged at all.
 * @param onError Called once, with a message for a person, when the log can no longer be written. Logging then stops; the run goes on.
 * @throws ConfigurationError when the file cannot be made.
 */
export async function openBodyLog(directory: string, redact: Redact, onError: (message: string) => void): Promise<BodyLog> {
  const path = join(directory, `${new Date().toISOString().replaceAll(":", "-")}-${process.pid}.jsonl`);
  try {
    await makeFolders(resolve(directory));
    return new BodyLog(path, await open(path, "wx", 0o600), redact, onError);
  } catch (error) {
    throw asConfigurationError(`cannot log bodies in ${directory}`, error);
  }
}

/** Writes one call after the other. A call waits until it is written, so that no more are kept than are in flight. */
export class BodyLog {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #redact: Redact;
  readonly #onError: (message: string) => void;
  #written: Promise<void> = Promise.resolve();
  #isClosed = false;
  #hasFailed = false;

  constructor(path: string, file: FileHandle, redact: Redact, onError: (message: string) => void) {
    this.path = path;
    this.#file = file;
    this.#redact = redact;
    this.#onError = onError;
  }

  /** The same provider, whose calls are logged. */
  observe(provider: Provider): Provider {
    const { baseUrl, route, refusal, promptPath, asSent } = provider;
    return {
      name: provider.name,
      ...(baseUrl !== undefined && { baseUrl }),
      endpoint: (request) => provider.endpoint(request),
      ...(refusal !== undefined && { refusal: (request) => refusal.call(provider, request) }),
      ...(promptPath !== undefined && { promptPath: (asked) => promptPath.call(provider, asked) }),
      estimate: (request) => provider.estimate(request),
      ...(route !== undefined && { route: (request, failed) => route.call(provider, request, failed) }),
      ...(asSent !== undefined && { asSent: (request, target) => asSent.call(provider, request, target) }),
      send: async (request, options) => {
        const attempt = await provider.send(request, options);
        await this.#write(() => this.#format(request, options.target?.name ?? provider.name, options, attempt));
        return attempt;
      },
      close: () => provider.close(),
    };
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#written;
    await this.#file.close().catch((error: unknown) => this.#fail(error));
  }

  #write(format: () => string): Promise<void> {
    if (!this.#isClosed) this.#written = this.#written.then(() => this.#append(format));
    return this.#written;
  }

  async #append(format: () => string): Promise<void> {
    if (this.#hasFailed) return;
    try {
      await this.#file.appendFile(format());
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!this.#hasFailed) this.#onError(`the bodies' log ${this.path} cannot be written any more: ${describeSystemError(error)}`);
    this.#hasFailed = true;
  }

  #format(request: BatchRequest, provider: string, { requestId }: SendOptions, attempt: Attempt): string {
    const { customId, path: url, body } = request;
    const { response } = attempt;
    const head = { time: new Date().toISOString(), id: requestId, custom_id: this.#redact(customId), provider, url };
    const error = attempt.ok ? null : { code: attempt.failure.kind, message: this.#redact(attempt.failure.message) };
    const tail = { status_code: response?.statusCode ?? null, request_id: response?.requestId ?? null, error };
    const bodies = `"request":${this.#clean(body)},"response":${response === undefined ? "null" : this.#clean(response.body)}`;
    return `${JSON.stringify(head).slice(0, -1)},${bodies},${JSON.stringify(tail).slice(1)}\n`;
  }

  /** JSON in any case: a secret may have stood across tokens. */
  #clean(json: string): string {
    const clean = this.#redact(json);
    return clean === json || parseJson(clean) !== undefined ? clean : JSON.stringify(clean);
  }
}
