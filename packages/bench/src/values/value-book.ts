/**
 * What a read may find: for each key the values that this run wrote and that nothing it knows to have happened later has
 * taken away. It makes verification possible while reads and writes of a key overlap and while the result of a write is
 * unknown. Order is counted in ticks, one for each beginning and end, so that it is exact where clocks are not.
 *
 * A write that ended before another began is superseded once that other one has ended; until then a read may find either.
 * A write that failed never ends: it may have happened, or happen yet.
 */

/** One value of a key, or its absence. */
export interface KnownValue {
  readonly version: number;
  /** Undefined = there is no value. */
  readonly sizeBytes: number | undefined;
}

interface Entry extends KnownValue {
  readonly began: number;
  /** Infinity while it is under way, or when its result is not known. */
  ended: number;
}

interface KeyBook {
  entries: Entry[];
  /** Superseded ones, the latest last: to tell an old value from a wrong one. */
  past: KnownValue[];
  nextVersion: number;
  readers: number;
}

/** A write that is under way. */
export interface WriteTicket extends KnownValue {
  readonly key: string;
}

/** A read that is under way. */
export interface ReadTicket {
  readonly key: string;
  readonly began: number;
}

const maxPast = 4;
/** Of one key. With more of them nobody would learn anything from a read. */
const maxEntries = 32;

export class ValueBook {
  readonly #keys = new Map<string, KeyBook>();
  #tick = 0;

  /** The key's next version, for a payload that is made before its write begins. */
  reserveVersion(key: string): number {
    return this.#bookOf(key).nextVersion++;
  }

  /** `sizeBytes` undefined = a delete. */
  beginWrite(key: string, version: number, sizeBytes: number | undefined): WriteTicket {
    const { entries } = this.#bookOf(key);
    entries.push({ version, sizeBytes, began: ++this.#tick, ended: Number.POSITIVE_INFINITY });
    if (entries.length > maxEntries) entries.shift();
    return { key, version, sizeBytes };
  }

  /** The write is acknowledged. Not to be called for one that failed. */
  endWrite({ key, version }: WriteTicket): void {
    const book = this.#bookOf(key);
    const entry = book.entries.find((each) => each.version === version);
    if (entry === undefined) return;
    entry.ended = ++this.#tick;
    if (book.readers === 0) prune(book, this.#tick);
  }

  beginRead(key: string): ReadTicket {
    this.#bookOf(key).readers++;
    return { key, began: ++this.#tick };
  }

  /** What the read may find if it ends now, the newest first. */
  candidates({ key, began }: ReadTicket): readonly KnownValue[] {
    const { entries } = this.#bookOf(key);
    return entries.filter((entry) => !isSuperseded(entry, entries, began)).toReversed();
  }

  /** Values that were superseded, but were right once. */
  past({ key }: ReadTicket): readonly KnownValue[] {
    const { entries, past } = this.#bookOf(key);
    return [...past, ...entries];
  }

  endRead({ key }: ReadTicket): void {
    const book = this.#bookOf(key);
    book.readers--;
    if (book.readers === 0) prune(book, this.#tick);
  }

  /** The size of the newest value that was begun; undefined when there is none or it was deleted. */
  sizeOf(key: string): number | undefined {
    return this.#keys.get(key)?.entries.at(-1)?.sizeBytes;
  }

  #bookOf(key: string): KeyBook {
    let book = this.#keys.get(key);
    if (book === undefined) {
      const absent: Entry = { version: 0, sizeBytes: undefined, began: 0, ended: 0 };
      book = { entries: [absent], past: [], nextVersion: 1, readers: 0 };
      this.#keys.set(key, book);
    }
    return book;
  }
}

function isSuperseded(entry: Entry, entries: readonly Entry[], at: number): boolean {
  return entries.some((other) => other !== entry && other.began >= entry.ended && other.ended <= at);
}

function prune(book: KeyBook, at: number): void {
  const { entries } = book;
  if (entries.length < 2) return;
  book.entries = entries.filter((entry) => !isSuperseded(entry, entries, at));
  const gone = entries.filter((entry) => !book.entries.includes(entry));
  book.past = [...book.past, ...gone.map(({ version, sizeBytes }) => ({ version, sizeBytes }))].slice(-maxPast);
}
