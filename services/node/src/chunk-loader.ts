/**
 * Loads from the store: reads a byte range of one version of an object, checks it, and puts it into the chunk memory. A
 * few run at a time, more wait, the rest are answered `busy`; room is reserved before the first byte is asked for, so
 * that loads can never overrun the memory. Loads belong to a session: none of them may change the memory after it.
 */
import type { Clock, GetOutcome, Log, Store, StoreBody } from '@sion/components';
import { type ChunkId, chunkKey } from '@sion/core';
import { asSionError, type Done, type Failed, type LoadChunk, type NodeFailure } from '@sion/wire';
import { done, failed, refusalOf } from './answers.ts';
import type { ChunkMemory, Reservation } from './chunk-memory.ts';

export interface ChunkLoaderSettings {
  /** Store reads at a time. */
  readonly maxRunning: number;
  /** Loads that wait for their turn. */
  readonly maxWaiting: number;
  /** From the start of a load's store read to its last byte. */
  readonly timeoutMs: number;
}

/** What a node needs of the store: it only ever reads. */
export type ChunkSource = Pick<Store, 'get'>;

export interface ChunkLoaderParts {
  readonly clock: Clock;
  readonly store: ChunkSource;
  readonly memory: ChunkMemory;
  readonly log: Log;
  readonly settings: ChunkLoaderSettings;
}

type LoadAnswer = Done | Failed;

interface Load {
  readonly message: LoadChunk;
  readonly room: Reservation;
  readonly answered: Promise<LoadAnswer>;
  readonly answer: (answer: LoadAnswer) => void;
  over: boolean;
  /** The body being read, to be given up when the load is. */
  body?: StoreBody;
}

export class ChunkLoader {
  readonly #parts: ChunkLoaderParts;
  /** Every load that is not over, by chunk. */
  readonly #loads = new Map<string, Load>();
  readonly #waiting: Load[] = [];
  #running = 0;

  constructor(parts: ChunkLoaderParts) {
    this.#parts = parts;
  }

  /** Answers when the chunk is held or cannot be; never rejects. A second load of a chunk under way shares its answer. */
  load(message: LoadChunk): Promise<LoadAnswer> {
    const early = this.#answerAtOnce(message);
    if (early !== undefined) return Promise.resolve(early);
    const underWay = this.#loads.get(chunkKey(message.id));
    if (underWay !== undefined) return underWay.answered;
    const { maxRunning, maxWaiting } = this.#parts.settings;
    if (this.#loads.size >= maxRunning + maxWaiting) {
      return Promise.resolve(failed('busy', `${this.#loads.size} loads are under way, the limit of this node`));
    }
    const room = this.#parts.memory.reserve(message.lengthBytes);
    if (room === undefined) {
      return Promise.resolve(refusalOf({ kind: 'capacity' }, this.#parts.memory));
    }
    const { promise, resolve } = Promise.withResolvers<LoadAnswer>();
    const load: Load = { message, room, answered: promise, answer: resolve, over: false };
    this.#loads.set(chunkKey(message.id), load);
    this.#waiting.push(load);
    this.#startNext();
    return promise;
  }

  /** Gives up the load of an evicted chunk, if there is one; it is answered `superseded`. */
  cancel(id: ChunkId): void {
    const load = this.#loads.get(chunkKey(id));
    if (load !== undefined) this.#settle(load, failed('superseded', 'the chunk was evicted while it was loaded'));
  }

  /** Gives all loads up, because their session is over. */
  cancelAll(): void {
    for (const load of this.#loads.values()) this.#settle(load, failed('unavailable', 'the session is over'));
    this.#waiting.length = 0;
  }

  /** What needs no load: the chunk is held, or another of this id is held or under way. */
  #answerAtOnce({ id, checksum, lengthBytes }: LoadChunk): LoadAnswer | undefined {
    const held = this.#parts.memory.get(id);
    const known = held ?? this.#loads.get(chunkKey(id))?.message;
    if (known === undefined) return undefined;
    if (known.checksum !== checksum || known.lengthBytes !== lengthBytes) {
      return failed('invalid', `chunk ${chunkKey(id)} is known with other bytes`);
    }
    return held === undefined ? undefined : done;
  }

  #startNext(): void {
    while (this.#running < this.#parts.settings.maxRunning) {
      const load = this.#waiting.shift();
      if (load === undefined) return;
      if (!load.over) void this.#run(load);
    }
  }

  async #run(load: Load): Promise<void> {
    const { clock, settings } = this.#parts;
    this.#running += 1;
    const timer = clock.after(settings.timeoutMs, () => {
      this.#settle(load, failed('unavailable', `the store did not give the bytes within ${settings.timeoutMs} ms`));
    });
    void this.#read(load).then((answer) => this.#settle(load, answer));
    await load.answered;
    timer.cancel();
    this.#running -= 1;
    this.#startNext();
  }

  async #read(load: Load): Promise<LoadAnswer> {
    const { storeName, etag, offset, lengthBytes } = load.message;
    if (lengthBytes === 0) return this.#hold(load, new Uint8Array(0));
    const range = { start: offset, end: offset + lengthBytes };
    try {
      const outcome = await this.#parts.store.get(storeName, { ifMatch: etag, range });
      if (outcome.kind !== 'hit') return explainNoHit(outcome);
      if (load.over) {
        outcome.body.cancel();
        return failed('unavailable', 'given up');
      }
      load.body = outcome.body;
      if (outcome.range.start !== range.start || outcome.range.end !== range.end) {
        outcome.body.cancel();
        return failed('invalid', `the object has ${outcome.object.sizeBytes} bytes, the chunk ends at ${range.end}`);
      }
      return await this.#fill(load, outcome.body);
    } catch (thrown) {
      const error = asSionError(thrown);
      this.#parts.log.debug('load-failed', { code: error.code, reason: error.message });
      return failed(failureOf(error.code), error.message);
    }
  }

  async #fill(load: Load, body: StoreBody): Promise<LoadAnswer> {
    const bytes = Buffer.allocUnsafeSlow(load.message.lengthBytes);
    let filled = 0;
    for await (const piece of body) {
      if (load.over) break;
      if (filled + piece.length > bytes.length) {
        body.cancel();
        return failed('unavailable', 'the store gave more bytes than the range has');
      }
      bytes.set(piece, filled);
      filled += piece.length;
    }
    if (filled < bytes.length) return failed('unavailable', `the store gave ${filled} of ${bytes.length} bytes`);
    return this.#hold(load, bytes);
  }

  #hold(load: Load, bytes: Uint8Array): LoadAnswer {
    if (load.over) return failed('unavailable', 'given up');
    const { id, checksum, lengthBytes } = load.message;
    const outcome = load.room.store({ id, checksum, lengthBytes }, bytes);
    if (outcome.kind === 'held') return done;
    return refusalOf(outcome, this.#parts.memory);
  }

  #settle(load: Load, answer: LoadAnswer): void {
    if (load.over) return;
    load.over = true;
    load.room.release();
    load.body?.cancel();
    this.#loads.delete(chunkKey(load.message.id));
    load.answer(answer);
  }
}

function explainNoHit(outcome: Exclude<GetOutcome, { kind: 'hit' }>): Failed {
  if (outcome.kind === 'outside') return failed('invalid', `the object has only ${outcome.object.sizeBytes} bytes`);
  return failed('superseded', outcome.kind === 'miss' ? 'the object is gone' : 'another version is in the store');
}

function failureOf(code: string): NodeFailure {
  return code === 'invalid' || code === 'corrupt' || code === 'capacity' ? code : 'unavailable';
}
