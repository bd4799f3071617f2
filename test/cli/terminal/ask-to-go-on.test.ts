import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { askToGoOn } from "../../../src/cli/terminal/ask-to-go-on.ts";

const never = new AbortController().signal;

test.each([
  ["\n", true],
  ["y\n", true],
  ["Yes\n", true],
  ["n\n", false],
  [" No\n", false],
])("the answer %j means %s", async (answer, goesOn) => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  input.write(answer);
  expect(await askToGoOn(input, output, never)).toBe(goesOn);
  expect(String(output.read())).toBe("Go on? [Y/n] ");
});

test("what is neither yes nor no is asked again: a typing error must not spend money", async () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  input.write("stop\nnein\n n\n");
  expect(await askToGoOn(input, output, never)).toBe(false);
  expect(String(output.read())).toBe("Go on? [Y/n] ".repeat(3));
});

test("the end of the input means no", async () => {
  const input = new PassThrough();
  input.end();
  expect(await askToGoOn(input, new PassThrough(), never)).toBe(false);
});

test("an interrupt means no, also one that came before the question", async () => {
  const interrupted = new AbortController();
  const output = new PassThrough();
  const answer = askToGoOn(new PassThrough(), output, interrupted.signal);
  interrupted.abort();
  expect(await answer).toBe(false);
  output.read();
  expect(await askToGoOn(new PassThrough(), output, interrupted.signal)).toBe(false);
  expect(output.read()).toBeNull();
});
