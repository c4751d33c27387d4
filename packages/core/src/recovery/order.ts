/**
 * A heap: gives what comes first by a comparison, in logarithmic time. It knows nothing of what it holds; equal ones come
 * in an order that the comparison must settle, so that the same entries always come out the same way.
 */
export class Order<T> {
  readonly #entries: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  first(): T | undefined {
    return this.#entries[0];
  }

  add(entry: T): void {
    const entries = this.#entries;
    let at = entries.length;
    entries.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = entries[above];
      if (parent === undefined || !this.#isBefore(entry, parent)) break;
      entries[at] = parent;
      at = above;
    }
    entries[at] = entry;
  }

  /** Takes the first one out. */
  take(): T | undefined {
    const entries = this.#entries;
    const first = entries[0];
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return first;
    let at = 0;
    for (;;) {
      const below = this.#smallerBelow(at);
      const child = below === undefined ? undefined : entries[below];
      if (below === undefined || child === undefined || !this.#isBefore(child, last)) break;
      entries[at] = child;
      at = below;
    }
    entries[at] = last;
    return first;
  }

  clear(): void {
    this.#entries.length = 0;
  }

  #smallerBelow(at: number): number | undefined {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    const [first, second] = [this.#entries[left], this.#entries[right]];
    if (first === undefined) return undefined;
    return second !== undefined && this.#isBefore(second, first) ? right : left;
  }
}
