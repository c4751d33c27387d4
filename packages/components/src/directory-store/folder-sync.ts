/**
 * Forces folders to the disk, so that renames in them survive a power cut. Calls that come while one is under way share
 * the next one: under load a hundred writes cost a few syncs. A call never joins a sync that had begun before it.
 */
import type { Disk } from './disk.ts';

interface FolderQueue {
  running: Promise<void>;
  next: Promise<void> | undefined;
}

/** Shared syncs of folders on one disk. */
export class FolderSync {
  readonly #disk: Disk;
  readonly #queues = new Map<string, FolderQueue>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Settles when all that was done in the folder before the call is on the disk. */
  sync(folder: string): Promise<void> {
    const queue = this.#queues.get(folder);
    if (queue === undefined) return this.#start(folder);
    queue.next ??= queue.running.then(
      () => this.#start(folder),
      () => this.#start(folder),
    );
    return queue.next;
  }

  #start(folder: string): Promise<void> {
    const queue: FolderQueue = { running: this.#disk.syncFolder(folder), next: undefined };
    this.#queues.set(folder, queue);
    const settle = () => {
      if (queue.next === undefined && this.#queues.get(folder) === queue) this.#queues.delete(folder);
    };
    void queue.running.then(settle, settle);
    return queue.running;
  }
}
