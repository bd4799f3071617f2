import { describe, expect, it } from "vitest";
import { decisions, decisionsPage, optionsPage, sanitizingPage } from "./generated-pages.ts";

/** `npm run docs:generate` writes the pages; without it they are compared. */
describe("pages that are generated", () => {
  it("docs/options.md is the option table", async () => {
    await expect(optionsPage()).toMatchFileSnapshot("../../docs/options.md");
  });

  it("docs/sanitizing.md is the table of rules", async () => {
    await expect(sanitizingPage()).toMatchFileSnapshot("../../docs/sanitizing.md");
  });

  it("docs/decisions/README.md lists each decision", async () => {
    await expect(decisionsPage()).toMatchFileSnapshot("../../docs/decisions/README.md");
  });
});

describe("decisions", () => {
  const names = decisions().map(({ name }) => name);

  it.each(decisions())("$name has its parts", ({ name, number, status, text }) => {
    expect(name).toMatch(new RegExp(`^${number}-[a-z0-9-]+\\.md$`));
    expect(text).toMatch(/^# .*## Context\n.*## Measured\n.*## Decided\n/s);
    expect(status).toMatch(/^(accepted|superseded by \[)/);
    for (const [, target] of status.matchAll(/\]\((.+?)\)/g)) expect(names).toContain(target);
  });

  it("are numbered without a gap", () => {
    expect(decisions().map(({ number }) => Number(number))).toEqual(names.map((_, index) => index + 1));
  });
});
