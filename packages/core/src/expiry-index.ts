/**
 * Which keys expire when, coarsely: keys by the second of their expiry, so that a sweep finds those that are due without
 * looking at the others. A key may be noted again with another time; whoever sweeps checks the key's true expiry. Bounded:
 * what finds no room is not noted, and has to be found in another way (the store's listing).
 */
export class ExpiryIndex {
  readonly #maxNotes: number;
  readonly #keysBySecond = new Map<number, Set<string>>();
  #sweptSecond: number | undefined;
  #notes = 0;

  constructor(maxNotes: number) {
    this.#maxNotes = maxNotes;
  }

  /** Keys that are noted, each as often as it has times. */
  get size(): number {
    return this.#notes;
  }

  note(key: string, expiresAtMs: number): void {
    if (this.#notes >= this.#maxNotes) return;
    const second = Math.floor(expiresAtMs / 1000);
    const keys = this.#keysBySecond.get(second) ?? new Set();
    this.#keysBySecond.set(second, keys);
    if (keys.has(key)) return;
    keys.add(key);
    this.#notes++;
    if (this.#sweptSecond !== undefined && second <= this.#sweptSecond) this.#sweptSecond = second - 1;
  }

  /** Removes and gives at most `limit` keys whose second is over. */
  takeDue(nowMs: number, limit: number): readonly string[] {
    const due: string[] = [];
    const lastSecond = Math.floor(nowMs / 1000) - 1;
    for (const second of this.#dueSeconds(lastSecond)) {
      const keys = this.#keysBySecond.get(second) ?? new Set<string>();
      for (const key of keys) {
        if (due.length >= limit) return due;
        due.push(key);
        keys.delete(key);
        this.#notes--;
      }
      this.#keysBySecond.delete(second);
    }
    this.#sweptSecond = lastSecond;
    return due;
  }

  /** Walks second by second after a short pause, through the map after a long one. */
  #dueSeconds(lastSecond: number): readonly number[] {
    const from = this.#sweptSecond;
    if (from !== undefined && lastSecond - from < this.#keysBySecond.size) {
      const seconds = Array.from({ length: Math.max(0, lastSecond - from) }, (_, step) => from + 1 + step);
      return seconds.filter((second) => this.#keysBySecond.has(second));
    }
    return [...this.#keysBySecond.keys()].filter((second) => second <= lastSecond).sort((a, b) => a - b);
  }
}
