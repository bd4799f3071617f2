import { createReadStream, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parseLines, Workplace } from "../e2e/cli.ts";
import { serve } from "../support/closing.ts";
import type { ScriptedServer } from "../support/scripted-server.ts";
import { badLines, goodBodies } from "./lines.ts";
import { answerTo, questionOf, randomNumbers, runArguments, runFreely } from "./commands.ts";
import { Figures, isFullSize } from "./figures.ts";

const lines = 20_000;

interface InputLine {
  readonly bytes: Buffer;
  /** The text of the request's body; undefined for a line that cannot be sent. */
  readonly body: string | undefined;
}

/** In small: `test/jsonl/invalid-lines.test.ts`, `test/jsonl/pass-through.test.ts` and `test/e2e/main-job.test.ts`. */
it.runIf(isFullSize)(
  "bad lines among good ones: every good line answered as written, every bad line one error in its place",
  async () => {
    const input = makeLines();
    const good = input.filter(({ body }) => body !== undefined).length;
    const user = new Workplace();
    writeFileSync(user.path("in.jsonl"), Buffer.concat(input.flatMap(({ bytes }) => [bytes, Buffer.from("\n")])));
    const figures = new Figures("bad lines among good ones");

    const refusing = await serve(answerTo);
    const refused = await runFreely(user, runArguments(refusing));
    const bad = input.flatMap(({ body }, place) => (body === undefined ? [place + 1] : []));
    const named = [...refused.stderr.matchAll(/^llmbatch: in\.jsonl:(\d+): ./gm)].map(([, number]) => Number(number));
    figures.exactly("without --skip-invalid: exit code", refused.code ?? -1, 2);
    figures.exactly("requests sent", refusing.ledger.length, 0);
    figures.exactly(
      "of the first ten bad lines, named by file and line",
      named.filter((line, nth) => bad[nth] === line).length,
      10,
    );
    figures.exactly("right total said", refused.stderr.includes(`${bad.length} of ${lines} lines cannot be sent`) ? 1 : 0, 1);

    const byFile = await serve(answerTo);
    const fromFile = await runFreely(user, runArguments(byFile, "--skip-invalid"));
    judge(figures, "file", fromFile.code, user.read("out.jsonl"), input, byFile);

    const byPipe = await serve(answerTo);
    const child = user.start(["run", "-", "--base-url", `${byPipe.url}/v1`, "-q", "--cache", "none"]);
    const { code, stdout } = await user.finish(child, createReadStream(user.path("in.jsonl")));
    judge(figures, "pipe", code, stdout, input, byPipe);
    expect(
      figures.missed(`${good} good lines of ${goodBodies.length} kinds, ${bad.length} bad ones of ${badLines.length} kinds`),
    ).toEqual([]);
  },
);

function makeLines(): InputLine[] {
  const random = randomNumbers(4);
  return Array.from({ length: lines }, (_, place) => {
    const isGood = random() < 0.5;
    // Each kind at least once, if there are enough lines.
    const kinds = isGood ? goodBodies : badLines;
    const kind = kinds[(place < 2 * kinds.length ? place >> 1 : Math.floor(random() * kinds.length)) % kinds.length];
    const made = kind?.(place + 1, random) ?? "";
    return isGood && typeof made === "string"
      ? { bytes: Buffer.from(`{"custom_id":"line-${place + 1}","body":${made}}`), body: made }
      : { bytes: Buffer.from(made), body: undefined };
  });
}

function judge(
  figures: Figures,
  how: string,
  code: number | null,
  output: string,
  input: InputLine[],
  server: ScriptedServer,
): void {
  const results = parseLines(output);
  const sent = new Map(server.ledger.map((call) => [questionOf(call), call.body]));
  const tally = { unanswered: 0, unexplained: 0, changed: 0 };
  for (const [place, { body }] of input.entries()) {
    const result = results[place];
    if (body === undefined) {
      const isExplained = result?.response === null && result.error?.code === "invalid_line" && result.error.attempts === 0;
      if (!isExplained || !/^(request|line)-\d+$/.test(result.custom_id) || !result.custom_id.endsWith(`-${place + 1}`))
        tally.unexplained += 1;
    } else {
      const isAnswered = JSON.stringify(result?.response?.body).includes(`answer to question ${place + 1}"`);
      if (result?.custom_id !== `line-${place + 1}` || result.error !== null || !isAnswered) tally.unanswered += 1;
      if (sent.get(place + 1) !== body) tally.changed += 1;
    }
  }
  figures.exactly(`${how}: exit code`, code ?? -1, 1);
  figures.exactly(`${how}: lines of output`, results.length, input.length);
  figures.exactly(`${how}: good lines not answered`, tally.unanswered, 0);
  figures.exactly(`${how}: bad lines without one error in their place`, tally.unexplained, 0);
  figures.exactly(`${how}: bodies changed on the way`, tally.changed, 0);
  figures.exactly(`${how}: requests sent`, server.ledger.length, input.filter(({ body }) => body !== undefined).length);
}
