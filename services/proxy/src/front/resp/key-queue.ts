/** Work on keys, one at a time per key, in the order in which it was asked for; different keys do not wait. */
import type { Key } from '../../objects/objects.ts';

/** See the module. */
export class KeyQueue {
  readonly #last = new Map<Key, Promise<unknown>>();

  /** Keys with work under way or waiting. */
  get size(): number {
    return this.#last.size;
  }

  /** Runs `work` when all earlier work on the key is over, whatever became of it. */
  async run<R>(key: Key, work: () => Promise<R>): Promise<R> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
