/**
 * What of the disk is left to users' bytes. A full disk must not stop SION itself: the lease is renewed by writing, and
 * without a lease neither reads are answered nor the deletes that would make room. So the last of the space is kept for
 * SION's own names, for sidecars and for the tidying of deletes. Others who fill the disk do not ask here.
 */
import { SionError } from '@sion/wire';
import type { Disk } from './disk.ts';

/** Kept by default: many times what the lease, a snapshot of the proxy and the sidecars of deletes and expiries take. */
export const defaultReserveBytes = 32 * 1024 * 1024;

const mib = 1024 * 1024;

/** The room of one store's disk. */
export class FreeSpace {
  readonly #folder: string;
  readonly #reserveBytes: number;
  readonly #disk: Disk;

  constructor(folder: string, reserveBytes: number, disk: Disk) {
    this.#folder = folder;
    this.#reserveBytes = reserveBytes;
    this.#disk = disk;
  }

  /** Rejects with `capacity` unless `bytes` more fit beside what is kept. */
  async assertRoom(bytes: number): Promise<void> {
    // A store that is away is told of by the write itself.
    const freeBytes = await this.#disk.freeBytes(this.#folder).catch(() => Number.POSITIVE_INFINITY);
    if (freeBytes - bytes >= this.#reserveBytes) return;
    const [free, kept] = [freeBytes, this.#reserveBytes].map((each) => (each / mib).toFixed(1));
    const message = `the disk of ${this.#folder} has ${free} MiB left, of which ${kept} MiB are kept for SION itself`;
    throw new SionError('capacity', `Could not write ${bytes} bytes: ${message}. Delete objects or free space.`);
  }
}
