import { onTestFinished } from "vitest";
import { type MockServer, type MockServerOptions, startMockServer } from "../../src/mock/mock.ts";
import {
  chatAnswer,
  type Script,
  type ScriptedServer,
  type ScriptedServerOptions,
  startScriptedServer,
} from "./scripted-server.ts";

/** Closes a thing when the test is over, what was opened last first. Not for what several tests share: they would find it closed. */
export function closing<Thing extends { close(): Promise<void> }>(thing: Thing): Thing {
  onTestFinished(() => thing.close());
  return thing;
}

/** A scripted server that is gone when the test is over. */
export async function serve(script: Script = () => chatAnswer(), options?: ScriptedServerOptions): Promise<ScriptedServer> {
  return closing(await startScriptedServer(script, options));
}

/** The mock server, which answers at once unless told otherwise, and is gone when the test is over. */
export async function mock(options: MockServerOptions = {}): Promise<MockServer> {
  return closing(await startMockServer({ latencyMs: 0, ...options }));
}
