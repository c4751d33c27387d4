/**
 * Bodies too long to stand in a record: each a file of its own, durable before a record names it. Until then its room is
 * accounted for here, from its declared size on.
 */
import { crc32 } from 'node:zlib';
import type { Files, WritableFile } from '@sion/components';
import { SionError } from '@sion/wire';
import { JournalFile } from './journal-file.ts';
import type { BlobWriter, FinishedBlob } from './journal-log.ts';
import type { HeldRecord, RecordFile } from './live-records.ts';

/** `free`: no record names it. `doubtful`: one may that failed. `named`: one does, or is about to. */
export type BlobState = 'free' | 'doubtful' | 'named' | 'aborted';

/** A blob that a record may name. */
export class JournalBlob implements FinishedBlob {
  readonly file: RecordFile;
  readonly sizeBytes: number;
  readonly crc32: number;
  state: BlobState = 'free';

  constructor(file: RecordFile, crc: number) {
    this.file = file;
    this.sizeBytes = file.sizeBytes;
    this.crc32 = crc;
  }
}

export interface BlobParts {
  readonly files: Files;
  /** Throws `capacity` when so many more bytes are too many. */
  readonly assertRoom: (bytes: number) => void;
  /** To be removed once no failed record can name it any more. */
  readonly onIdle: (file: RecordFile) => void;
}

export class Blobs {
  readonly #parts: BlobParts;
  #nextNumber: number;
  /** Of blobs that no durable record names, as declared where that is more than what was written. */
  unnamedBytes = 0;
  /** Of all blobs' files. */
  diskBytes = 0;

  constructor(parts: BlobParts, nextNumber: number) {
    this.#parts = parts;
    this.#nextNumber = nextNumber;
  }

  async begin(declaredBytes = 0): Promise<BlobWriter> {
    const { files, assertRoom } = this.#parts;
    assertRoom(declaredBytes);
    this.unnamedBytes += declaredBytes;
    const file: RecordFile = new JournalFile<HeldRecord>('blob', this.#nextNumber, files);
    this.#nextNumber++;
    try {
      return this.#writerOf(file, await files.create(file.name), declaredBytes);
    } catch (error) {
      this.unnamedBytes -= declaredBytes;
      throw error;
    }
  }

  /** A record is about to name it. Throws `invalid` when it is not free. */
  name(blob: FinishedBlob): JournalBlob {
    if (!(blob instanceof JournalBlob) || (blob.state !== 'free' && blob.state !== 'doubtful')) {
      throw new SionError('invalid', 'The blob was named by another record, or aborted. Write the body again.');
    }
    blob.state = 'named';
    blob.file.pins++;
    return blob;
  }

  /** The record that names it is durable, and accounts for it. */
  settle(blob: JournalBlob): void {
    blob.file.pins--;
    this.unnamedBytes -= blob.sizeBytes;
  }

  /** The record that was to name it has failed. */
  giveBack(blob: JournalBlob, isDoubtful: boolean): void {
    blob.state = isDoubtful ? 'doubtful' : 'free';
    blob.file.pins--;
  }

  async remove(file: RecordFile): Promise<void> {
    await file.remove();
    this.diskBytes -= file.sizeBytes;
  }

  #writerOf(file: RecordFile, writable: WritableFile, declaredBytes: number): BlobWriter {
    let reservedBytes = declaredBytes;
    let checksum = 0;
    let blob: JournalBlob | undefined;
    let isOver = false;
    return {
      write: async (bytes) => {
        const excess = file.sizeBytes + bytes.byteLength - reservedBytes;
        if (excess > 0) {
          this.#parts.assertRoom(excess);
          reservedBytes += excess;
          this.unnamedBytes += excess;
        }
        await writable.append([bytes]);
        checksum = crc32(bytes, checksum);
        file.sizeBytes += bytes.byteLength;
        this.diskBytes += bytes.byteLength;
      },
      finish: async () => {
        await writable.sync();
        await writable.close();
        this.unnamedBytes += file.sizeBytes - reservedBytes;
        reservedBytes = file.sizeBytes;
        blob = new JournalBlob(file, checksum);
        return blob;
      },
      abort: async () => {
        if (isOver || blob?.state === 'named') return;
        isOver = true;
        this.unnamedBytes -= reservedBytes;
        const isDoubtful = blob?.state === 'doubtful';
        if (blob !== undefined) blob.state = 'aborted';
        await writable.close().catch(() => {});
        if (isDoubtful) this.#parts.onIdle(file);
        else await this.remove(file).catch(() => this.#parts.onIdle(file));
      },
    };
  }
}
