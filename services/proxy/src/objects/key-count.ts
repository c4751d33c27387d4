/**
 * About how many keys the store has, for DBSIZE and its kin: an estimate, and one that costs little. The names are counted
 * a few pages per call, until a count is whole; it then stands for a while, corrected by the proxy's own creations and
 * deletions. Until the first count is whole, the answer is what has been counted so far. Keys that expired but have not
 * left the store yet are counted; what others create or delete is met by the next count.
 */
import type { Clock, Store } from '@sion/components';
import { compareNames, keyOfName } from '@sion/core';

/** Pages of {@link pageNames} names that one call counts. */
const pagesPerCall = 10;
const pageNames = 1000;
/** A whole count stands for so long. */
const recountMs = 300_000;

interface Walk {
  /** The last name that was counted. */
  after: string | undefined;
  keys: number;
}

export class KeyCount {
  readonly #store: Store;
  readonly #clock: Clock;
  #total: number | undefined;
  #countedMs = 0;
  #walk: Walk | undefined;
  #counting: Promise<void> | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Rejects as the store's listing does, when no count is whole yet. */
  async estimate(): Promise<number> {
    if (this.#total === undefined || this.#clock.monotonicMs() - this.#countedMs >= recountMs) {
      this.#counting ??= this.#countOn().finally(() => {
        this.#counting = undefined;
      });
      try {
        await this.#counting;
      } catch (thrown) {
        if (this.#total === undefined) throw thrown;
      }
    }
    return Math.max(0, this.#total ?? this.#walk?.keys ?? 0);
  }

  /** A write of our own has made a name (+1) or removed it (−1). */
  note(name: string, change: 1 | -1): void {
    if (this.#total !== undefined) this.#total += change;
    const walk = this.#walk;
    if (walk?.after !== undefined && compareNames(name, walk.after) <= 0) walk.keys += change;
  }

  async #countOn(): Promise<void> {
    this.#walk ??= { after: undefined, keys: 0 };
    const walk = this.#walk;
    for (let pages = 0; pages < pagesPerCall; pages++) {
      const after = walk.after === undefined ? {} : { after: walk.after };
      const page = await this.#store.list('', { limit: pageNames, namesOnly: true, ...after });
      walk.keys += page.objects.filter(({ name }) => keyOfName(name) !== undefined).length;
      walk.after = page.objects.at(-1)?.name ?? walk.after;
      if (page.more && page.objects.length > 0) continue;
      this.#total = walk.keys;
      this.#countedMs = this.#clock.monotonicMs();
      this.#walk = undefined;
      return;
    }
  }
}
