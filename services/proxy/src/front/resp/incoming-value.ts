/**
 * A large value on its way in: the parser pushes pieces, the engine takes them. It owns the queue between the two, tells
 * the connection when to pause, gives the pieces' memory back, and swallows the rest of a value that nobody wants any more. It must never hold more
 * than its bound and one piece.
 */
import type { RequestArguments } from '@sion/wire';
import type { StagedBytes } from '../../objects/objects.ts';
import type { Call } from './command.ts';
import { syntaxError } from './redis-errors.ts';

export interface IncomingValueOptions {
  readonly sizeBytes: number;
  readonly maxQueuedBytes: number;
  /** A full queue has room again. */
  readonly onRoom: () => void;
  /** Nobody uses this piece any more. */
  readonly giveBack: (piece: Uint8Array) => void;
}

/** See the module. */
export class IncomingValue {
  readonly sizeBytes: number;
  /** The arguments behind the value; settles when the command is complete, rejects when the client is gone. */
  readonly rest: Promise<RequestArguments>;
  readonly #maxQueuedBytes: number;
  readonly #onRoom: () => void;
  readonly #giveBack: (piece: Uint8Array) => void;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #unwanted = false;
  #missingBytes: number;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #settleRest: PromiseWithResolvers<RequestArguments>;

  constructor({ sizeBytes, maxQueuedBytes, onRoom, giveBack }: IncomingValueOptions) {
    this.sizeBytes = sizeBytes;
    this.#missingBytes = sizeBytes;
    this.#maxQueuedBytes = maxQueuedBytes;
    this.#onRoom = onRoom;
    this.#giveBack = giveBack;
    this.#settleRest = Promise.withResolvers();
    this.rest = this.#settleRest.promise;
    // Whoever waits hears of the failure; nobody has to wait.
    this.rest.catch(() => {});
  }

  /** True while no further piece should be pushed. */
  get full(): boolean {
    return this.#queuedBytes >= this.#maxQueuedBytes;
  }

  push(piece: Uint8Array): void {
    if (this.#unwanted) return this.#giveBack(piece);
    this.#queue.push(piece);
    this.#queuedBytes += piece.byteLength;
    this.#wakeUp();
  }

  /** The command is complete. */
  finish(rest: RequestArguments): void {
    this.#settleRest.resolve(rest);
  }

  /** The client is gone. */
  fail(error: Error): void {
    this.#failure = error;
    this.#settleRest.reject(error);
    this.#drop();
    this.#wakeUp();
  }

  /** What is still to come is swallowed. */
  discard(): void {
    if (this.#unwanted) return;
    this.#unwanted = true;
    this.#drop();
  }

  /** The value's bytes in order, once; each piece is the taker's until it asks for the next. */
  async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      while (this.#missingBytes > 0) {
        if (this.#failure !== undefined) throw this.#failure;
        const piece = this.#shift();
        if (piece !== undefined) {
          this.#missingBytes -= piece.byteLength;
          yield piece;
          this.#giveBack(piece);
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.discard();
    }
  }

  #shift(): Uint8Array | undefined {
    const piece = this.#queue.shift();
    if (piece === undefined) return undefined;
    const wasFull = this.full;
    this.#queuedBytes -= piece.byteLength;
    if (wasFull && !this.full) this.#onRoom();
    return piece;
  }

  #drop(): void {
    const wasFull = this.full;
    for (const piece of this.#queue) this.#giveBack(piece);
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    if (wasFull) this.#onRoom();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** A large value in the store's hands, not yet visible, with the arguments that came behind it. */
export interface StagedValue {
  readonly staged: StagedBytes;
  readonly rest: readonly Buffer[];
}

/**
 * Stages a command's large value while it arrives, then lets the command use it; leaves no trace of what the command
 * did not write. Staging begins at once, before the arguments behind the value are known.
 */
export async function withStagedValue<R>(
  call: Call,
  value: IncomingValue,
  use: (value: StagedValue) => Promise<R>,
): Promise<R> {
  const [key = ''] = call.keys;
  const { objects } = call.front;
  const bytes = { kind: 'stream', sizeBytes: value.sizeBytes, pieces: value.pieces() } as const;
  const staging = objects.stage(key, bytes, { durability: call.client.durability, signal: call.signal });
  staging.catch(() => value.discard());
  try {
    const { args: rest, skippedBytes } = await value.rest;
    if (skippedBytes > 0) throw syntaxError();
    return await use({ staged: await staging, rest });
  } finally {
    // Not awaited: it must not delay the reply, and after a write it does nothing.
    void staging.then((staged) => staged.discard()).catch(() => {});
  }
}
