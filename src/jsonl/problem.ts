/** Why a line cannot become a request, in words for a person. A value, never thrown. */
export class Problem {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}
