/** Says for a person why a line cannot become a request. A value, never thrown. */
export class Problem {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}
