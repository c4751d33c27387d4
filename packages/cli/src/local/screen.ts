/**
 * What a person sees of a local run: lines that stay, and one live line below them. On a terminal the live line is
 * rewritten in place; elsewhere it is a plain line when it has changed, at most every ten seconds.
 */
import type { Clock } from '@sion/components';

const plainEveryMs = 10_000;

export interface ScreenOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class Screen {
  readonly #output: ScreenOutput;
  readonly #clock: Clock;
  #live = '';
  #plainMs = Number.NEGATIVE_INFINITY;

  constructor(output: ScreenOutput, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
  }

  /** A line (or several) that stays. */
  say(text: string): void {
    if (this.#isTerminal && this.#live !== '') {
      this.#output.write(`\r\u001b[2K${text}\n${this.#fit(this.#live)}`);
    } else {
      this.#output.write(`${text}\n`);
    }
  }

  /** The present live line. */
  live(text: string): void {
    if (text === this.#live) return;
    if (this.#isTerminal) {
      this.#output.write(`\r\u001b[2K${this.#fit(text)}`);
      this.#live = text;
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#plainMs < plainEveryMs) return;
    this.#plainMs = nowMs;
    this.#live = text;
    this.#output.write(`${text}\n`);
  }

  /** Leaves the live line as it stands; what follows goes below it. */
  endLive(): void {
    if (this.#isTerminal && this.#live !== '') this.#output.write('\n');
    this.#live = '';
  }

  get #isTerminal(): boolean {
    return this.#output.isTTY === true;
  }

  /** A line that wraps cannot be rewritten in place. */
  #fit(text: string): string {
    const columns = this.#output.columns ?? 80;
    return text.length < columns ? text : `${text.slice(0, Math.max(columns - 2, 1))}…`;
  }
}
