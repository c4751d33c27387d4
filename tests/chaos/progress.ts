/** What a run says while it goes on: a line per fault that stays, and below them one that is rewritten on a terminal. */
export class Progress {
  readonly #output: NodeJS.WriteStream;
  #live = false;
  #plainMs = Number.NEGATIVE_INFINITY;

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  /** A line that stays. */
  say(text: string): void {
    this.end();
    this.#output.write(`${text}\n`);
  }

  /** How it stands; where there is no terminal, now and then. */
  show(text: string): void {
    if (this.#output.isTTY) {
      this.#output.write(`\r${text.slice(0, this.#output.columns - 1)}\u001b[K`);
      this.#live = true;
      return;
    }
    if (performance.now() - this.#plainMs < 10_000) return;
    this.#plainMs = performance.now();
    this.#output.write(`${text}\n`);
  }

  /** Leaves the line that is rewritten. */
  end(): void {
    if (this.#live) this.#output.write('\r\u001b[K');
    this.#live = false;
  }
}
