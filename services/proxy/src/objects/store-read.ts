/**
 * The body of a read that the store serves, in one request, which other reads may share: pieces are passed on as they come, checked against the
 * object's checksum where the whole object is read, and offered to memory on the way.
 */
import { crc32 } from 'node:zlib';
import type { StoreBody } from '@sion/components';
import { SionError } from '@sion/wire';
import type { ObjectWriter } from '../memory/object-writer.ts';
import type { ObjectBody, ReadTrace } from './objects.ts';
import { wholeBody } from './whole-body.ts';

export interface StoreReadOptions {
  /** With the requests to the store that it costs this reader, when that is not one. */
  readonly body: StoreBody & { readonly storeRequests?: number };
  readonly sizeBytes: number;
  /** Of the whole object; absent when only a part is read, or others put it. */
  readonly crc32?: number;
  /** Takes the bytes towards memory; only for whole objects. */
  readonly writer?: ObjectWriter;
  /** Told once: read to its end with a good checksum, or not. */
  readonly onEnd: (trace: ReadTrace, finished: boolean) => void;
  readonly signal?: AbortSignal;
}

export class StoreReadBody implements ObjectBody {
  readonly sizeBytes: number;
  readonly #options: StoreReadOptions;
  readonly #onOuterAbort = () => this.cancel();
  #ended = false;

  constructor(options: StoreReadOptions) {
    this.#options = options;
    this.sizeBytes = options.sizeBytes;
    options.signal?.addEventListener('abort', this.#onOuterAbort, { once: true });
    if (options.signal?.aborted) this.cancel();
  }

  get trace(): ReadTrace {
    return { source: 'store', nodes: 0, storeRequests: this.#options.body.storeRequests ?? 1 };
  }

  bytes(): Promise<Uint8Array> {
    return wholeBody(this, this.sizeBytes);
  }

  cancel(): void {
    this.#end(false);
  }

  /** The last piece is held back until the checksum of all bytes is known to be good. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { body, writer } = this.#options;
    let finished = false;
    let last: Uint8Array | undefined;
    let checksum = 0;
    let receivedBytes = 0;
    try {
      for await (const piece of body) {
        if (this.#ended) throw new SionError('closed', 'the read was given up');
        receivedBytes += piece.length;
        if (this.#options.crc32 !== undefined) checksum = crc32(piece, checksum);
        if (writer !== undefined) await writer.offer(piece);
        if (last !== undefined) yield last;
        last = piece;
      }
      this.#check(receivedBytes, checksum);
      if (last !== undefined) yield last;
      finished = true;
    } finally {
      this.#end(finished);
    }
  }

  #check(receivedBytes: number, checksum: number): void {
    if (receivedBytes !== this.sizeBytes) {
      const message = `the store gave ${receivedBytes} of ${this.sizeBytes} bytes; read the object again`;
      throw new SionError('unavailable', message);
    }
    if (this.#options.crc32 === undefined || this.#options.crc32 === checksum) return;
    throw new SionError(
      'corrupt',
      'the bytes in the store fail the checksum they were written with; put the object again',
    );
  }

  #end(finished: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.signal?.removeEventListener('abort', this.#onOuterAbort);
    if (!finished) {
      this.#options.body.cancel();
      this.#options.writer?.abandon();
    }
    this.#options.onEnd(this.trace, finished);
  }
}
