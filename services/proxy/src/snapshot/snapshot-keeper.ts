/**
 * Keeps the snapshot up to date: once the last one is loaded, writes it now and then while something changes, and once
 * more, marked as clean, at an orderly stop.
 */
import type { Timer } from '@sion/components';
import { asSionError } from '@sion/wire';
import type { SnapshotLoader } from './snapshot-loader.ts';
import type { SnapshotParts } from './snapshot-parts.ts';
import { writeSnapshot } from './write-snapshot.ts';

export interface SnapshotKeeperParts extends SnapshotParts {
  /** Before it has come to its end, writing would lose what is not loaded yet. */
  readonly loader: Pick<SnapshotLoader, 'loaded'>;
  readonly snapshotMs: number;
}

export class SnapshotKeeper {
  readonly #parts: SnapshotKeeperParts;
  readonly #begun: Promise<void>;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** The engine's `memoryChanges` that the file tells of. */
  #written = 0;
  #over = false;

  constructor(parts: SnapshotKeeperParts) {
    this.#parts = parts;
    this.#begun = parts.loader.loaded.then(() => {
      this.#written = parts.engine.memoryChanges;
      this.#schedule();
    });
  }

  /** Stops writing; with `clean`, leaves the snapshot that the next proxy may believe. Never rejects. */
  async stop(clean: boolean): Promise<void> {
    this.#over = true;
    this.#timer?.cancel();
    await this.#begun;
    await this.#writing;
    if (clean) await this.#write(true);
  }

  #schedule(): void {
    if (this.#over) return;
    this.#timer = this.#parts.clock.after(this.#parts.snapshotMs, () => {
      this.#writing = this.#write(false).finally(() => this.#schedule());
    });
  }

  async #write(clean: boolean): Promise<void> {
    const { memoryChanges } = this.#parts.engine;
    if (!clean && memoryChanges === this.#written) return;
    try {
      await writeSnapshot(this.#parts, clean);
      this.#written = memoryChanges;
    } catch (thrown) {
      this.#parts.log.warn('snapshot-failed', { reason: asSionError(thrown).message });
    }
  }
}
