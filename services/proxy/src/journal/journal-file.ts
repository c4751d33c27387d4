/**
 * A file of the journal, a segment or a blob, as memory knows it: who needs it on the disk, who reads it. It is removed
 * when no opening would need it; who still reads it then, reads on.
 */
import type { Files, ReadableFile } from '@sion/components';
import { SionError } from '@sion/wire';
import { journalFileName } from './segment-head.ts';

export class JournalFile<Resident> {
  readonly kind: 'segment' | 'blob';
  readonly number: number;
  readonly name: string;
  readonly #files: Files;
  /** Of what is known to be written. */
  sizeBytes: number;
  /** Records that an opening would tell and that lie in it, or whose bodies do. */
  readonly residents = new Set<Resident>();
  /** Records on their way that will need it. */
  pins = 0;
  isRemoved = false;
  #isGoing = false;
  /** Records that are not retired and whose bodies lie in it. */
  #holders = 0;
  /** Bodies that are being read. */
  #readers = 0;
  #reader: Promise<ReadableFile> | undefined;

  constructor(kind: 'segment' | 'blob', number: number, files: Files, sizeBytes = 0) {
    [this.kind, this.number, this.#files, this.sizeBytes] = [kind, number, files, sizeBytes];
    this.name = journalFileName(kind, number);
  }

  get isNeeded(): boolean {
    return this.residents.size > 0 || this.pins > 0;
  }

  /** It must stay readable until the matching {@link letGo}. */
  hold(): void {
    this.#holders++;
  }

  letGo(): void {
    this.#holders--;
    this.#closeIdle();
  }

  /** It is read until the matching {@link release}. */
  acquire(): void {
    this.#readers++;
  }

  release(): void {
    this.#readers--;
    this.#closeIdle();
  }

  /** By who has acquired it. Rejects with `unavailable` or `corrupt`. */
  async read(start: number, end: number): Promise<Uint8Array> {
    const bytes = await (await this.#open()).read(start, end);
    if (bytes.byteLength === end - start) return bytes;
    throw new SionError('corrupt', `The journal’s file ${this.name} is shorter than its records say. ${corruptRemedy}`);
  }

  /** Rejects with what the disk said; then call it again. */
  async remove(): Promise<void> {
    this.#isGoing = true;
    if (this.#holders + this.#readers > 0) await this.#open();
    await this.#files.remove(this.name);
    this.isRemoved = true;
    this.#closeIdle();
  }

  /** Whoever reads it gets no more. */
  close(): void {
    this.#reader?.then((file) => file.close()).catch(() => {});
    this.#reader = undefined;
  }

  #open(): Promise<ReadableFile> {
    this.#reader ??= this.#files.open(this.name).then((file) => {
      if (file !== undefined) return file;
      throw new SionError('corrupt', `The journal’s file ${this.name} is missing. ${corruptRemedy}`);
    });
    const opening = this.#reader;
    opening.catch(() => {
      if (this.#reader === opening) this.#reader = undefined;
    });
    return opening;
  }

  /** Of blobs there may be many: of those, only what is being read is open, or what cannot be opened any more. */
  #closeIdle(): void {
    if (this.#readers > 0) return;
    if (this.#holders > 0 && (this.kind === 'segment' || this.#isGoing)) return;
    this.close();
  }
}

/** What to do about a journal that cannot be believed. */
export const corruptRemedy =
  'Restore the proxy’s folder from a copy. Or move all journal-* files away: the writes that stand in them and not yet in the store are then lost.';
