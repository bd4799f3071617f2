import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** `full` under `npm run trials`, `small` under `npm test`. */
    trialSize: "small" | "full";
  }
}

/** For a trial that has no small version, because smaller parts are tested elsewhere. */
export const isFullSize: boolean = inject("trialSize") === "full";

/** How large a trial is in `npm test`, and how large when it is in earnest. */
export function sized<Size>(sizes: { readonly small: Size; readonly full: Size }): Size {
  return isFullSize ? sizes.full : sizes.small;
}

interface Figure {
  readonly what: string;
  readonly measured: number;
  /** In words; empty for a figure that is only told. */
  readonly demanded: string;
  readonly isReached: boolean;
}

/** What a trial measured, beside what it has to reach, under which conditions. */
export class Figures {
  readonly #title: string;
  readonly #figures: Figure[] = [];
  readonly #startedAt = performance.now();

  constructor(title: string) {
    this.#title = title;
  }

  exactly(what: string, measured: number, demanded: number): void {
    this.#figures.push({ what, measured, demanded: `= ${format(demanded)}`, isReached: measured === demanded });
  }

  atMost(what: string, measured: number, demanded: number): void {
    this.#figures.push({ what, measured, demanded: `≤ ${format(demanded)}`, isReached: measured <= demanded });
  }

  atLeast(what: string, measured: number, demanded: number): void {
    this.#figures.push({ what, measured, demanded: `≥ ${format(demanded)}`, isReached: measured >= demanded });
  }

  /** A figure that nothing is demanded of. */
  told(what: string, measured: number): void {
    this.#figures.push({ what, measured, demanded: "", isReached: true });
  }

  /** Prints all figures with their conditions. @returns those that were missed, in words. */
  missed(conditions: string): string[] {
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(0);
    const width = Math.max(...this.#figures.map(({ what }) => what.length));
    const rows = this.#figures.map(
      ({ what, measured, demanded, isReached }) =>
        `  ${isReached ? " " : "✗"} ${what.padEnd(width)}  ${format(measured).padStart(9)}  ${demanded}`,
    );
    const head = `${this.#title}: ${conditions} (node ${process.versions.node}, ${seconds} s)`;
    if (isFullSize) console.log(`\n${[head, ...rows].join("\n")}\n`);
    return rows.filter((_, place) => this.#figures[place]?.isReached === false);
  }
}

function format(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}
