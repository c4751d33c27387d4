/**
 * What the proxy's log says of acknowledged writes that the store does not have yet, put into words: while a stop waits for
 * the store, and for the sentences on a proxy that is gone. What it did not say is not claimed: a killed proxy says nothing.
 */
import { readLogLine } from './trouble-filter.ts';

/** What an orderly stop of the proxy left behind. */
export interface LeftBehind {
  /** Keys whose writes wait in the journal for the next start. */
  readonly waitingNames: number;
  /** Keys that functions held and nothing else (durability memory). */
  readonly inMemoryAlone: number;
}

export class JournalNews {
  readonly #say: (text: string) => void;
  #left: LeftBehind | undefined;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** Of the present run; undefined unless it has closed its journal in order and said so. */
  get left(): LeftBehind | undefined {
    return this.#left;
  }

  /** A new run of the proxy: what the one before left behind is in its hands. */
  begin(): void {
    this.#left = undefined;
  }

  take(line: string): void {
    const { event, names, inMemoryAlone, atMostMs } = readLogLine(line) ?? {};
    if (event === 'journal-stop-waits') {
      const atMost = `at most ${numberOf(atMostMs) / 1000} s (SION_DRAIN_MS)`;
      this.#say(
        `  The journal has writes of ${keys(numberOf(names))} for the store: the stop waits for it, ${atMost}.`,
      );
    }
    if (event === 'journal-closed') {
      this.#left = { waitingNames: numberOf(names), inMemoryAlone: numberOf(inMemoryAlone) };
    }
  }
}

/** The last words of `sion up`; `folder` is the proxy's. By then the functions are gone as well. */
export function stoppedWords(left: LeftBehind | undefined, folder: string): string {
  if (left === undefined) {
    return (
      `Stopped. What store or journal acknowledged is in the store, or in the journal in ${folder} for the next start there. ` +
      'What memory alone held (durability memory) is gone.'
    );
  }
  const { waitingNames, inMemoryAlone } = left;
  const kept =
    waitingNames === 0
      ? 'Everything that store or journal acknowledged is in the store.'
      : `Writes of ${keys(waitingNames)} wait in the journal in ${folder}; the next start there brings them to the store.`;
  const lost = inMemoryAlone === 0 ? '' : ` ${keys(inMemoryAlone)} that memory alone held (durability memory): gone.`;
  return `Stopped. ${kept}${lost}`;
}

/** What the end of the proxy means for the data; `isOrderly`: it was asked to stop, and did. */
export function proxyEndWords(left: LeftBehind | undefined, isOrderly: boolean): string {
  const requests = isOrderly
    ? 'It was asked to stop, and had requests under way finish first;'
    : 'Requests under way were cut off;';
  if (left !== undefined && left.waitingNames > 0) {
    return `${requests} writes of ${keys(left.waitingNames)} wait in the journal, all else that was acknowledged is kept.`;
  }
  const memory = isOrderly ? '' : '; what memory alone held (durability memory) may be lost';
  return `${requests} what store or journal acknowledged is kept${memory}.`;
}

function keys(count: number): string {
  return count === 1 ? '1 key' : `${count} keys`;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
