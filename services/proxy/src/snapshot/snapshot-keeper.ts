/** Writes the snapshot now and then while something changes, and once more, marked as clean, at an orderly stop. */
import type { Clock, Log, Timer } from '@sion/components';
import { asSionError } from '@sion/wire';
import type { Metrics } from '../metrics/metrics.ts';
import { type SnapshotParts, writeSnapshot } from './snapshot.ts';

export interface SnapshotKeeperParts extends SnapshotParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly snapshotMs: number;
}

export class SnapshotKeeper {
  readonly #parts: SnapshotKeeperParts;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #written = '';
  #over = false;

  constructor(parts: SnapshotKeeperParts) {
    this.#parts = parts;
    this.#schedule();
  }

  /** Stops writing; with `clean`, leaves the snapshot that the next proxy may believe. Never rejects. */
  async stop(clean: boolean): Promise<void> {
    this.#over = true;
    this.#timer?.cancel();
    await this.#writing;
    if (clean) await this.#write(true);
  }

  #schedule(): void {
    this.#timer = this.#parts.clock.after(this.#parts.snapshotMs, () => {
      this.#writing = this.#write(false).finally(() => {
        if (!this.#over) this.#schedule();
      });
    });
  }

  async #write(clean: boolean): Promise<void> {
    const { gets, puts, deletes, lostChunks, repairedChunks } = this.#parts.metrics.snapshot();
    const seen = JSON.stringify([gets.store, puts, deletes, lostChunks, repairedChunks]);
    if (!clean && seen === this.#written) return;
    try {
      await writeSnapshot(this.#parts, clean);
      this.#written = seen;
    } catch (thrown) {
      this.#parts.log.warn('snapshot-failed', { reason: asSionError(thrown).message });
    }
  }
}
