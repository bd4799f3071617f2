/** What is used of an ioredis `Redis`. Its own type would need the package, which is optional, in each program that compiles against this one. */
export interface RedisClient {
  /** `ready`, and others. */
  readonly status: string;
  /** One more connection, with its settings but for these. */
  duplicate(options: RedisClientOptions): RedisClient;
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  evalsha(hash: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  on(event: "message", listener: (channel: string, message: string) => void): unknown;
  on(event: "close" | "ready", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  quit(): Promise<unknown>;
  disconnect(): void;
}

export interface RedisClientOptions {
  readonly retryStrategy: (times: number) => number;
  readonly lazyConnect: boolean;
  readonly maxRetriesPerRequest: null;
  readonly autoResendUnfulfilledCommands: boolean;
  readonly autoResubscribe?: boolean;
  readonly enableOfflineQueue: boolean;
  readonly commandTimeout?: number;
}
