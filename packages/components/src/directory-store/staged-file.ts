/**
 * A file in a writer's staging folder: bytes on their way into the store, invisible until {@link moveIntoPlace}. Whoever
 * makes one must discard it in the end; that leaves alone what was moved into place.
 */
import { type Disk, type DiskFile, type FileState, isMissing, unchanged } from './disk.ts';
import type { Place } from './root-folder.ts';
import type { Writership } from './writership.ts';

const moveRounds = 10;

/** A file being written. Calls are made one after the other. */
export class StagedFile {
  readonly path: string;
  readonly #file: DiskFile;
  readonly #disk: Disk;
  #sizeBytes = 0;
  #state: 'open' | 'moved' | 'discarded' = 'open';

  private constructor(path: string, file: DiskFile, disk: Disk) {
    this.path = path;
    this.#file = file;
    this.#disk = disk;
  }

  /** Rejects with `closed`, `unavailable` or `capacity`. */
  static async create(kind: 'data' | 'meta', writer: Writership, disk: Disk): Promise<StagedFile> {
    writer.assertHeld();
    const path = writer.stage(kind);
    try {
      return new StagedFile(path, await disk.create(path), disk);
    } catch (error) {
      if (isMissing(error)) await writer.judgeMissing();
      throw unchanged('begin a write', error);
    }
  }

  /** Rejects with `unavailable` or `capacity`. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.write(bytes, this.#sizeBytes);
    } catch (error) {
      throw unchanged('write', error);
    }
    this.#sizeBytes += bytes.byteLength;
  }

  /** Forces the bytes to the disk. */
  async sync(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (error) {
      throw unchanged('write durably', error);
    }
  }

  /** The file's state, its time made to differ from that of the file which it is to replace. To be synced after it. */
  async state(replaced: FileState | undefined): Promise<FileState> {
    try {
      const state = await this.#file.state();
      if (replaced === undefined || !looksAlike(state, replaced)) return state;
      // Whole milliseconds that every file system can keep, and two of them, in case it counts by even ones.
      await this.#file.setModified(Number(replaced.modifiedNs / 1_000_000n) + 2);
      return await this.#file.state();
    } catch (error) {
      throw unchanged('write', error);
    }
  }

  /** Tells that the file is not in the staging folder any more. */
  markMoved(): void {
    this.#state = 'moved';
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Closes the file and removes it from the staging folder; never rejects. */
  async discard(): Promise<void> {
    if (this.#state === 'discarded') return;
    const moved = this.#state === 'moved';
    this.#state = 'discarded';
    await this.#file.close().catch(() => {});
    if (!moved) await this.#disk.unlink(this.path).catch(() => {});
  }
}

/**
 * Renames out of the staging folder to a place in the store, making the folders of a long name where they are missing.
 * Rejects with the system's error, or with `closed` or `unavailable` when writer or store are gone.
 */
export async function moveIntoPlace(from: string, place: Place, writer: Writership, disk: Disk): Promise<void> {
  for (let round = 1; ; round += 1) {
    try {
      return await disk.rename(from, place.path);
    } catch (error) {
      if (!isMissing(error)) throw error;
      await writer.judgeMissing();
      if (round === moveRounds) throw error;
    }
    await makeFolders(place, disk);
  }
}

async function makeFolders(place: Place, disk: Disk): Promise<void> {
  let parent = place.base;
  for (const step of place.folders) {
    const folder = `${parent}/${step}`;
    try {
      await disk.makeFolder(folder);
      await disk.syncFolder(parent);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    parent = folder;
  }
}

function looksAlike(a: FileState, b: FileState): boolean {
  return a.sizeBytes === b.sizeBytes && a.modifiedNs === b.modifiedNs;
}
