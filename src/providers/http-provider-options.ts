import type { TokenCounting } from "../model/cost.ts";
import type { Protocol } from "./protocol.ts";
import type { AuthorizationStyle } from "./request-headers.ts";
import type { TlsSettings } from "./transport/tls-settings.ts";

export interface HttpProviderOptions {
  /** For people and logs. */
  readonly name: string;
  /** `https://api.openai.com/v1`; a bare origin will do too. */
  readonly baseUrl: string;
  /** Send over plain http to other machines, too. @default false: only to this one, and elsewhere over https alone */
  readonly allowHttp?: boolean;
  /** @default none: requests carry no key */
  readonly apiKey?: string;
  /** How the key is sent. @default "bearer" */
  readonly authorization?: AuthorizationStyle;
  /** Sent with every request; they win over the provider's own. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends the id of each request's result, `batch_req_…`, as a header of this name: the same at each attempt, and in every run. @default none */
  readonly requestIdHeader?: string;
  /** The address of an HTTP proxy to go through: `http://NAME:PASSWORD@proxy.example.com:3128`. @default none */
  readonly proxy?: string;
  /** Authorities of your own, and a certificate for servers that ask for one. */
  readonly tls?: TlsSettings;
  /** Connections at most. @default as many as requests are in flight */
  readonly connections?: number;
  /** For one attempt, from `send` to the last byte of the body. @default 600_000 */
  readonly timeoutMs?: number;
  /**
   * Asks for every answer as a stream, with its usage, and puts it together. Bodies that say anything of `stream` are sent as they are,
   * and so are those of APIs that do not stream.
   *
   * @default false: only where a request's body says so
   */
  readonly stream?: boolean;
  /** How long a stream may be silent, from its headers on. @default 300_000, as long as clients on Node's `fetch` wait */
  readonly idleTimeoutMs?: number;
  /** The API that prompts are for. @default "/v1/chat/completions" */
  readonly promptPath?: string;
  /** Which APIs it speaks. @default all there are */
  readonly protocols?: readonly Protocol[];
  /** Sends requests for other paths, too: JSON without an error is an answer. @default false */
  readonly takesAnyPath?: boolean;
  /** How it counts the tokens of APIs whose answers count. @default "sum": request and answer together */
  readonly tokenCounting?: TokenCounting;
  /** Of the limit on requests that it tells in its headers. @default 60_000 */
  readonly requestsPeriodMs?: number;
  /** Stands for the base URL in fingerprints, for a service whose address changes from run to run. @default the base URL */
  readonly endpointIdentity?: string;
}

/** Complete, as the type says: an option that is missing here does not compile. */
const names: Readonly<Record<keyof HttpProviderOptions, true>> = {
  name: true,
  baseUrl: true,
  allowHttp: true,
  apiKey: true,
  authorization: true,
  headers: true,
  requestIdHeader: true,
  proxy: true,
  tls: true,
  connections: true,
  timeoutMs: true,
  stream: true,
  idleTimeoutMs: true,
  promptPath: true,
  protocols: true,
  takesAnyPath: true,
  tokenCounting: true,
  requestsPeriodMs: true,
  endpointIdentity: true,
};

export const httpProviderOptionNames: readonly string[] = Object.keys(names);
