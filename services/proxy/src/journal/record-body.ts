/** The bytes of a record as they are read back: piece by piece, checked when they are read as a whole. */
import { crc32 } from 'node:zlib';
import type { StoreBody } from '@sion/components';
import { SionError } from '@sion/wire';

const pieceBytes = 256 * 1024;

/** What the body reads from; held until it ends. */
export interface BodySource {
  readonly name: string;
  acquire(): void;
  release(): void;
  read(start: number, end: number): Promise<Uint8Array>;
}

export interface BodyExtent {
  /** In the source. */
  readonly start: number;
  readonly end: number;
  /** Of the whole body; absent when only a part is read. */
  readonly crc32?: number;
}

/** Reads no more once it was cancelled or has ended. */
export class RecordBody implements StoreBody {
  readonly #source: BodySource;
  readonly #extent: BodyExtent;
  #isBegun = false;
  #isOver = false;

  constructor(source: BodySource, extent: BodyExtent) {
    this.#source = source;
    this.#extent = extent;
    source.acquire();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#source.release();
  }

  /** The last piece is held back until the checksum of all bytes is known to be good. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.#isBegun) throw new SionError('closed', 'The body was read before. Read the record again.');
    this.#isBegun = true;
    if (this.#isOver) throw givenUp();
    const { start, end } = this.#extent;
    let checksum = 0;
    try {
      for (let at = start; at < end; at += pieceBytes) {
        const piece = await this.#read(at, Math.min(end, at + pieceBytes));
        checksum = crc32(piece, checksum);
        if (at + pieceBytes >= end) this.#check(checksum);
        yield piece;
      }
    } finally {
      this.cancel();
    }
  }

  async #read(start: number, end: number): Promise<Uint8Array> {
    if (this.#isOver) throw givenUp();
    const piece = await this.#source.read(start, end);
    if (this.#isOver) throw givenUp();
    return piece;
  }

  #check(checksum: number): void {
    if (this.#extent.crc32 === undefined || this.#extent.crc32 === checksum) return;
    const message = `A value in the journal’s file ${this.#source.name} fails its checksum. Put the object again.`;
    throw new SionError('corrupt', message);
  }
}

function givenUp(): SionError {
  return new SionError('closed', 'The body was given up. Read the record again.');
}
