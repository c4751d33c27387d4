/**
 * What a person sees of a local run: lines that stay, and a live line below them. On a terminal both are broken at spaces
 * to its width, and the live line is rewritten in place; elsewhere nothing is broken, and the live line is a plain line
 * when it has changed, at most every ten seconds.
 */
import type { Clock } from '@sion/components';

const plainEveryMs = 10_000;
const defaultColumns = 80;

export interface ScreenOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class Screen {
  readonly #output: ScreenOutput;
  readonly #clock: Clock;
  #live = '';
  /** How many rows of the terminal the live line takes at present. */
  #liveRows = 0;
  #plainMs = Number.NEGATIVE_INFINITY;

  constructor(output: ScreenOutput, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
  }

  /** A line (or several) that stays. */
  say(text: string): void {
    if (!this.#isTerminal) {
      this.#output.write(`${text}\n`);
      return;
    }
    const rows = text.split('\n').flatMap((line) => breakLine(line, this.#columns));
    this.#rewrite([...rows, ...this.#rowsOf(this.#live)], this.#rowsOf(this.#live).length);
  }

  /** The present live line. */
  live(text: string): void {
    if (text === this.#live) return;
    if (this.#isTerminal) {
      const rows = this.#rowsOf(text);
      this.#rewrite(rows, rows.length);
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
    this.#liveRows = 0;
  }

  get #isTerminal(): boolean {
    return this.#output.isTTY === true;
  }

  get #columns(): number {
    return this.#output.columns ?? defaultColumns;
  }

  /** None for an empty line: there is no live line then. */
  #rowsOf(live: string): readonly string[] {
    return live === '' ? [] : breakLine(live, this.#columns);
  }

  /**
   * Puts `rows` in the place of the live line; the last `liveRows` of them are the live line from then on. Each row is
   * written over what stood there and only its rest is erased, all in one write: so nothing flickers.
   */
  #rewrite(rows: readonly string[], liveRows: number): void {
    const up = this.#liveRows > 1 ? `\u001b[${this.#liveRows - 1}A` : '';
    const home = this.#liveRows > 0 ? `\r${up}` : '';
    const end = liveRows === 0 ? '\n' : '';
    const below = this.#liveRows > rows.length ? '\u001b[J' : '';
    this.#output.write(`${home}${rows.map((row) => `${row}\u001b[K`).join('\n')}${below}${end}`);
    this.#liveRows = liveRows;
  }
}

/** Breaks at spaces, so that no row reaches the terminal's edge; what follows is indented as the line is. */
function breakLine(line: string, columns: number): readonly string[] {
  const indent = /^ */.exec(line)?.[0] ?? '';
  const room = Math.max(columns - 1, indent.length + 1);
  const rows: string[] = [];
  let rest = line;
  while (rest.length > room) {
    const space = rest.lastIndexOf(' ', room);
    const at = space > indent.length ? space : room;
    rows.push(rest.slice(0, at).trimEnd());
    rest = `${indent}${rest.slice(at).trimStart()}`;
  }
  return [...rows, rest];
}
