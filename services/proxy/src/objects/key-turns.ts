/**
 * One writer per key at a time. Mutations of a key wait while an earlier batch of the same key is carried out; then all
 * that wait form the next batch. Different keys do not wait for one another.
 */
import type { Key, Mutation, WriteOptions } from './objects.ts';

export interface PendingMutation {
  readonly mutation: Mutation<unknown>;
  readonly options: WriteOptions;
  readonly begunMs: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Turn {
  readonly waiting: PendingMutation[];
  readonly watchers: (() => void)[];
}

/** Carries a batch out and settles its first mutations; gives how many it took, at least one. Must not reject. */
export type ProcessBatch = (key: Key, batch: readonly PendingMutation[]) => Promise<number>;

const maxBatch = 1024;

export class KeyTurns {
  readonly #turns = new Map<Key, Turn>();
  readonly #process: ProcessBatch;

  constructor(process: ProcessBatch) {
    this.#process = process;
  }

  /** Keys with a batch under way. */
  get size(): number {
    return this.#turns.size;
  }

  enqueue(key: Key, pending: PendingMutation): void {
    const turn = this.#turns.get(key);
    if (turn !== undefined) {
      turn.waiting.push(pending);
      return;
    }
    const opened: Turn = { waiting: [pending], watchers: [] };
    this.#turns.set(key, opened);
    void this.#run(key, opened);
  }

  /** Resolves when the batch that is under way for this key, if any, is over. */
  async settled(key: Key): Promise<void> {
    const turn = this.#turns.get(key);
    if (turn !== undefined) await new Promise<void>((resolve) => turn.watchers.push(resolve));
  }

  /** Resolves when no key has a batch under way. */
  async idle(): Promise<void> {
    while (this.#turns.size > 0) {
      await Promise.all([...this.#turns.keys()].map((key) => this.settled(key)));
    }
  }

  async #run(key: Key, turn: Turn): Promise<void> {
    while (turn.waiting.length > 0) {
      const batch = turn.waiting.slice(0, maxBatch);
      const taken = await this.#process(key, batch);
      turn.waiting.splice(0, taken);
      const last = turn.waiting.length === 0;
      if (last) this.#turns.delete(key);
      for (const watcher of turn.watchers.splice(0)) watcher();
      if (last) return;
    }
  }
}
