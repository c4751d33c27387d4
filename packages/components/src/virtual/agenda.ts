/**
 * What the model has to do later: a binary heap of entries by time, then by the order in which they were made, so that
 * the same events always lead to the same order. Cancelled entries stay until they come up. It knows no clock.
 */

/** An entry of the agenda; cancelling it twice, or after it came up, does nothing. */
export interface AgendaEntry<T> {
  readonly atMs: number;
  readonly order: number;
  readonly what: T;
  cancelled: boolean;
}

export class Agenda<T> {
  readonly #heap: AgendaEntry<T>[] = [];
  #order = 0;

  /** Puts `what` down for `atMs`. */
  add(atMs: number, what: T): AgendaEntry<T> {
    const entry = { atMs, order: this.#order, what, cancelled: false };
    this.#order += 1;
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    return entry;
  }

  /** When the next entry is due. */
  nextMs(): number | undefined {
    while (this.#heap[0]?.cancelled === true) this.#removeFirst();
    return this.#heap[0]?.atMs;
  }

  /** Takes out the next entry that is due by `nowMs`. */
  takeDue(nowMs: number): AgendaEntry<T> | undefined {
    const nextMs = this.nextMs();
    if (nextMs === undefined || nextMs > nowMs) return undefined;
    const entry = this.#removeFirst();
    if (entry !== undefined) entry.cancelled = true;
    return entry;
  }

  #removeFirst(): AgendaEntry<T> | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last !== undefined && last !== first) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return first;
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfLater(parent, at)) return;
      at = parent;
    }
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = left;
      const a = this.#heap[left];
      const b = this.#heap[right];
      if (a === undefined) return;
      if (b !== undefined && isBefore(b, a)) least = right;
      if (!this.#swapIfLater(at, least)) return;
      at = least;
    }
  }

  /** Swaps the two when the upper one is due after the lower one. */
  #swapIfLater(upper: number, lower: number): boolean {
    const a = this.#heap[upper];
    const b = this.#heap[lower];
    if (a === undefined || b === undefined || !isBefore(b, a)) return false;
    this.#heap[upper] = b;
    this.#heap[lower] = a;
    return true;
  }
}

function isBefore<T>(a: AgendaEntry<T>, b: AgendaEntry<T>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
