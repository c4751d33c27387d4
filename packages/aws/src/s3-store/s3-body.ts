/**
 * The body of a GET: the pieces as they come, counted. One that ends short, or stands still, is an error, never an end.
 * Its connection is given back by reading to the end, by `cancel`, or by leaving the loop.
 */
import type { Readable } from 'node:stream';
import type { Clock, StoreBody } from '@sion/components';
import { SionError } from '@sion/wire';

export interface S3BodyParts {
  readonly clock: Clock;
  readonly stream: Readable;
  readonly name: string;
  readonly lengthBytes: number;
  /** The longest wait for the next piece. */
  readonly idleMs: number;
}

export class S3Body implements StoreBody {
  readonly #parts: S3BodyParts;
  #state: 'unread' | 'reading' | 'over' = 'unread';

  constructor(parts: S3BodyParts) {
    this.#parts = parts;
    // It may break off before anybody reads it; the reader is told when it comes.
    parts.stream.on('error', () => {});
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.#state !== 'unread') throw this.#givenUp();
    this.#state = 'reading';
    const { lengthBytes, name } = this.#parts;
    let receivedBytes = 0;
    try {
      for await (const piece of this.#pieces()) {
        this.#assertWanted();
        receivedBytes += piece.length;
        if (receivedBytes > lengthBytes) break;
        yield piece;
        this.#assertWanted();
      }
      if (receivedBytes === lengthBytes) return;
      const message = `Could not read the object ${name}: S3 gave ${receivedBytes} of ${lengthBytes} bytes. Try again.`;
      throw new SionError('unavailable', message);
    } finally {
      this.cancel();
    }
  }

  cancel(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#parts.stream.destroy();
  }

  /** The stream's pieces, each within its time. */
  async *#pieces(): AsyncGenerator<Uint8Array> {
    const { clock, stream, name, idleMs } = this.#parts;
    const iterator: AsyncIterator<unknown> = stream[Symbol.asyncIterator]();
    let timedOut = false;
    try {
      for (;;) {
        const timer = clock.after(idleMs, () => {
          timedOut = true;
          stream.destroy();
        });
        const next = await iterator.next().finally(() => timer.cancel());
        if (next.done === true) break;
        if (next.value instanceof Uint8Array) yield next.value;
      }
    } catch (error) {
      this.#assertWanted();
      const reason = timedOut
        ? `S3 gave nothing for ${idleMs} ms`
        : `the connection to S3 broke off (${String(error)})`;
      throw new SionError('unavailable', `Could not read the object ${name}: ${reason}. Try again.`, { cause: error });
    }
    this.#assertWanted();
  }

  #assertWanted(): void {
    if (this.#state !== 'reading') throw this.#givenUp();
  }

  /** A body that was cancelled or read before must not look like one that ended. */
  #givenUp(): SionError {
    const { name } = this.#parts;
    return new SionError('closed', `The body of ${name} was given up or read before. Get the object again.`);
  }
}
