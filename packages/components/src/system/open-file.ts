/**
 * Open files of the system form of `Files`: one that is written to its end, and one that is read by range. What failed
 * once is not tried again: after a failed sync the system may have dropped the bytes and call the next one a success.
 */
import { SionError } from '@sion/wire';
import { type Disk, type DiskFile, unchanged } from '../directory-store/disk.ts';
import type { ReadableFile, WritableFile } from '../files.ts';

/** Parts up to this many bytes go to the disk in one write. */
const atOnceBytes = 1024 * 1024;

/** A new file on the disk. Calls are carried out in their order. */
export class AppendedFile implements WritableFile {
  readonly #path: string;
  readonly #folder: string;
  readonly #file: DiskFile;
  readonly #disk: Disk;
  #last: Promise<unknown> = Promise.resolve();
  #sizeBytes = 0;
  #isNameSynced = false;
  #state: 'open' | 'failed' | 'closed' = 'open';

  constructor(path: string, folder: string, file: DiskFile, disk: Disk) {
    [this.#path, this.#folder, this.#file, this.#disk] = [path, folder, file, disk];
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(parts: readonly Uint8Array[]): Promise<void> {
    return this.#inTurn(`append to ${this.#path}`, async () => {
      for (const bytes of joined(parts)) {
        await this.#file.write(bytes, this.#sizeBytes);
        this.#sizeBytes += bytes.byteLength;
      }
    });
  }

  sync(): Promise<void> {
    return this.#inTurn(`force ${this.#path} to the disk`, async () => {
      await this.#file.syncData();
      if (!this.#isNameSynced) await this.#disk.syncFolder(this.#folder);
      this.#isNameSynced = true;
    });
  }

  async close(): Promise<void> {
    const { last, state } = { last: this.#last, state: this.#state };
    this.#state = 'closed';
    await last;
    if (state !== 'closed') await attempt(`close ${this.#path}`, () => this.#file.close());
  }

  #inTurn(what: string, run: () => Promise<void>): Promise<void> {
    if (this.#state === 'closed') throw new Error(`${this.#path} is closed.`);
    const done = this.#last.then(async () => {
      if (this.#state === 'failed') {
        throw new SionError('unavailable', `Could not ${what}: writing it has failed before. Begin another file.`);
      }
      try {
        await attempt(what, run);
      } catch (error) {
        if (this.#state === 'open') this.#state = 'failed';
        throw error;
      }
    });
    this.#last = done.catch(() => {});
    return done;
  }
}

/** A file that is there. Its size is that of now. */
export async function openToRead(path: string, file: DiskFile): Promise<ReadableFile> {
  const { sizeBytes } = await file.state();
  let closing: Promise<void> | undefined;
  return {
    sizeBytes,
    read: (start, end) =>
      attempt(`read ${path}`, async () => {
        const bytes = new Uint8Array(Math.max(0, end - start));
        return bytes.subarray(0, await file.read(bytes, start));
      }),
    close: () => (closing ??= attempt(`close ${path}`, () => file.close())),
  };
}

/** Rejects with what a failure of the disk means: `capacity` or `unavailable`. */
export async function attempt<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw unchanged(what, error);
  }
}

/** The parts as few pieces: a write of its own for each would cost more than the copy. */
function joined(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const [first, ...others] = parts;
  if (first === undefined || others.length === 0) return parts;
  const sizeBytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  return sizeBytes <= atOnceBytes ? [Buffer.concat(parts, sizeBytes)] : parts;
}
