/**
 * The body of a read that memory serves: fragment after fragment, each chunk handed on as soon as it and those before it are
 * there, the next fragment fetched while the present one is sent, within the proxy's byte budget. Bytes that memory has lost come from the store, of exactly the same version; so do,
 * chunk by chunk, fragments for which the proxy's memory has no room for long: readers who hold it without reading must not
 * hold up others. When functions have cost what they may while a body is sent, the rest of it comes from the store, too, as
 * far as that still has this version.
 */
import type { ByteRange } from '@sion/components';
import { type FragmentSpan, fragmentShape, spansOfRange } from '@sion/core';
import { SionError } from '@sion/wire';
import { type FragmentBytes, type FragmentReadOptions, loadFragment, readFragment } from '../memory/fragment-read.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import type { PlacedObject } from '../memory/placed-object.ts';
import { ArrivingChunks } from './arriving-chunks.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { ObjectBody, ObjectRange, ReadSource, ReadTrace } from './objects.ts';
import type { RequestAccount } from './request-account.ts';
import { wholeBody } from './whole-body.ts';

export interface MemoryBodyOptions {
  readonly memory: ObjectMemory;
  readonly object: PlacedObject;
  readonly range: ObjectRange;
  readonly budget: ByteBudget;
  readonly hedgeMs: number;
  readonly fetchTimeoutMs: number;
  /** Bytes of exactly this version from the store; rejects with {@link Superseded} when it is no longer there. */
  readonly readStore: (range: ByteRange) => Promise<Uint8Array>;
  /** Whether that has the bytes at all; otherwise memory alone does. */
  readonly isInStore: boolean;
  /** Chunks are being put back or moved, in the background. */
  readonly onRepair: (repair: Promise<void>) => void;
  /** Told once: read to its end, or not. */
  readonly onEnd: (trace: ReadTrace, finished: boolean) => void;
  readonly account?: RequestAccount;
  readonly signal?: AbortSignal;
}

/** The version being read is not in the store any more. Before the first byte the read starts over; later it is cut. */
export class Superseded extends SionError {
  constructor() {
    super('unavailable', 'the object was replaced while it was being read; read it again');
  }
}

/** Of one fragment: all that the range touches, or a part. */
type Step = Pick<FragmentSpan, 'fragment' | 'chunks'>;

interface Fetching {
  readonly step: Step;
  /** On the budget's account; 0 once they were given back. */
  reservedBytes: number;
  readonly chunks: ArrivingChunks;
  /** Memory of its chunks that nothing else uses, and that may be given back when it was sent. */
  readonly sole: Set<ArrayBufferLike>;
  /** Sent before all of it was there. */
  readonly spent: Uint8Array[];
  /** Some was given back: what came is no longer at hand whole. */
  isGivenBack: boolean;
  /** What it has cost and what it needs was told. */
  isNoted: boolean;
}

export class MemoryBody implements ObjectBody {
  readonly sizeBytes: number;
  readonly #options: MemoryBodyOptions;
  /** What is still to be fetched, in order. */
  readonly #steps: Step[];
  readonly #stop = new AbortController();
  readonly #onOuterAbort = () => this.cancel();
  readonly #nodes = new Set<number>();
  /** Whose memory is being sent, by the memory. */
  readonly #handedOn = new Map<ArrayBufferLike, Fetching>();
  #source: ReadSource = 'memory';
  #storeRequests = 0;
  #coveredBytes = 0;
  #ahead: Fetching | undefined;
  /** Being handed on. Whoever gives the body up may never ask for the next piece. */
  #current: Fetching | undefined;
  /** The budget had no room for longer than one may wait: until it has again, only what is free at once is taken. */
  #impatient = false;
  #ended = false;

  constructor(options: MemoryBodyOptions) {
    this.#options = options;
    this.sizeBytes = options.range.end - options.range.start;
    this.#steps = [...spansOfRange(options.object.layout, options.range)];
    options.memory.retain(options.object);
    options.signal?.addEventListener('abort', this.#onOuterAbort, { once: true });
    if (options.signal?.aborted) this.cancel();
  }

  get trace(): ReadTrace {
    return {
      source: this.#source,
      nodes: this.#nodes.size,
      storeRequests: this.#storeRequests,
      coveredBytes: this.#coveredBytes,
    };
  }

  /**
   * Fetches the first chunk, so that what fails early fails before the answer has begun; where an account is kept, the first
   * fragment, so that it can be told of before.
   */
  async prime(): Promise<void> {
    try {
      await this.#begin();
      const ahead = this.#ahead;
      const first = ahead?.step.chunks[0];
      if (ahead === undefined || first === undefined) return;
      if (this.#options.account === undefined) await ahead.chunks.chunk(first.index);
      else this.#note(ahead, await ahead.chunks.whole);
    } catch (thrown) {
      this.#end(false);
      throw thrown;
    }
  }

  bytes(): Promise<Uint8Array> {
    return wholeBody(this, this.sizeBytes);
  }

  cancel(): void {
    this.#end(false);
  }

  giveBack(piece: Uint8Array): void {
    const fetching = this.#handedOn.get(piece.buffer);
    this.#handedOn.delete(piece.buffer);
    if (fetching?.sole.has(piece.buffer) !== true) return;
    // Until all is there, chunks that are missing may have to be made from those that were sent.
    if (!fetching.chunks.isWhole) fetching.spent.push(piece);
    else this.#giveBackSpent(fetching, [piece]);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let finished = false;
    try {
      for (;;) {
        if (this.#ahead === undefined) await this.#begin();
        const current = this.#ahead;
        this.#ahead = undefined;
        if (this.#ended) throw this.#stopped();
        if (current === undefined) break;
        this.#current = current;
        try {
          for (const part of current.step.chunks) {
            const chunk = await current.chunks.chunk(part.index);
            if (this.#ended) throw this.#stopped();
            if (current.chunks.isWhole && this.#ahead === undefined) this.#beginAhead();
            if (current.sole.has(chunk.buffer)) this.#handedOn.set(chunk.buffer, current);
            yield chunk.subarray(part.start, part.end);
          }
          const fragment = await current.chunks.whole;
          if (!current.isNoted) this.#note(current, fragment);
          this.#giveBackSpent(current, current.spent);
        } finally {
          this.#giveBack(current);
        }
      }
      finished = true;
    } finally {
      this.#end(finished);
    }
  }

  #giveBackSpent(fetching: Fetching, pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      if (!fetching.sole.delete(piece.buffer)) continue;
      fetching.isGivenBack = true;
      this.#options.memory.parts.fleet.giveBack(piece);
    }
  }

  #stopped(): SionError {
    return new SionError('closed', 'the read was given up');
  }

  /**
   * Waits for memory, then fetches the next fragment ahead; without memory, loads that fragment's first chunk from the
   * store, past the budget, so no more than a chunk at a time.
   */
  async #begin(): Promise<void> {
    if (this.#ended) throw this.#stopped();
    const step = this.#steps[0];
    if (step === undefined) return;
    const { budget, memory, fetchTimeoutMs } = this.#options;
    const bytes = this.#budgetBytes(step);
    const hasRoom = this.#impatient
      ? budget.tryAcquire(bytes)
      : await budget.acquireWithin(bytes, fetchTimeoutMs, memory.parts.clock, this.#stop.signal);
    // It may have ended in the turn in which the room was granted.
    if (this.#ended) {
      if (hasRoom) budget.release(bytes);
      throw this.#stopped();
    }
    this.#impatient = !hasRoom;
    if (hasRoom) this.#fetchAhead(step, bytes);
    else this.#loadAhead(step);
  }

  #beginAhead(): void {
    const step = this.#steps[0];
    if (step === undefined || this.#ended) return;
    const bytes = this.#budgetBytes(step);
    if (this.#options.budget.tryAcquire(bytes)) this.#fetchAhead(step, bytes);
  }

  #budgetBytes(step: Step): number {
    return step.chunks.length * fragmentShape(this.#options.object.layout, step.fragment).chunkBytes;
  }

  #fetchAhead(step: Step, bytes: number): void {
    const { memory, object } = this.#options;
    memory.touch(
      object,
      step.fragment,
      step.chunks.map((part) => part.index),
    );
    this.#steps.shift();
    const sole = new Set<ArrayBufferLike>();
    // What is to be put back or moved is needed longer.
    const isInPlace = object.fragments[step.fragment]?.held.every(Boolean) && !memory.isOutdated(object, step.fragment);
    const chunks = new ArrivingChunks((arrive) =>
      this.#readFragment({
        ...this.#fragmentOptions(step),
        onChunk: (index, chunk, isSole) => {
          if (isSole && isInPlace) sole.add(chunk.buffer);
          arrive(index, chunk);
        },
      }),
    );
    this.#ahead = { step, reservedBytes: bytes, chunks, sole, spent: [], isGivenBack: false, isNoted: false };
  }

  async #readFragment(options: FragmentReadOptions): Promise<FragmentBytes> {
    const { memory, isInStore } = this.#options;
    if (!memory.isSaving || !isInStore) return await readFragment(options);
    try {
      return await loadFragment(options);
    } catch (thrown) {
      if (this.#ended) throw thrown;
      // What was begun is not cut for the price of its rest.
      return await readFragment(options);
    }
  }

  #loadAhead({ fragment, chunks }: Step): void {
    const step = { fragment, chunks: chunks.slice(0, 1) };
    this.#steps.splice(0, 1, ...(chunks.length > 1 ? [{ fragment, chunks: chunks.slice(1) }] : []));
    const arriving = new ArrivingChunks(() => loadFragment(this.#fragmentOptions(step)));
    this.#ahead = {
      step,
      reservedBytes: 0,
      chunks: arriving,
      sole: new Set(),
      spent: [],
      isGivenBack: false,
      isNoted: false,
    };
  }

  #fragmentOptions(step: Step): FragmentReadOptions {
    const { memory, object, hedgeMs, fetchTimeoutMs, readStore, account } = this.#options;
    const wanted = step.chunks.map((part) => part.index);
    const signal = this.#stop.signal;
    return {
      ...{ memory, object, fragment: step.fragment, wanted, hedgeMs, fetchTimeoutMs, readStore, signal },
      ...(account === undefined ? {} : { account }),
    };
  }

  /** Remembers where the bytes came from; what was missing or lies too far back is mended in passing. */
  #note(fetching: Fetching, fragment: FragmentBytes): void {
    const { step } = fetching;
    fetching.isNoted = true;
    for (const node of fragment.nodes) this.#nodes.add(node);
    this.#storeRequests += fragment.storeRequests;
    for (const part of step.chunks) this.#coveredBytes += part.end - part.start;
    if (fragment.storeRequests > 0) this.#source = 'store';
    else if (fragment.decoded && this.#source === 'memory') this.#source = 'decoded';
    const data = fragment.chunks
      .slice(0, this.#options.object.layout.dataChunks)
      .filter((chunk) => chunk !== undefined);
    const isWhole = data.length === this.#options.object.layout.dataChunks && !fetching.isGivenBack;
    const { memory, object, onRepair } = this.#options;
    const work = memory.passed(object, step.fragment, isWhole ? data : undefined);
    if (work === undefined) return;
    fetching.sole.clear();
    onRepair(work);
  }

  #giveBack(fetching: Fetching | undefined): void {
    if (fetching === undefined) return;
    this.#options.budget.release(fetching.reservedBytes);
    fetching.reservedBytes = 0;
  }

  #end(finished: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    const { memory, object, signal, onEnd } = this.#options;
    signal?.removeEventListener('abort', this.#onOuterAbort);
    if (!finished) this.#stop.abort(this.#stopped());
    this.#giveBack(this.#current);
    this.#giveBack(this.#ahead);
    this.#ahead = undefined;
    memory.release(object);
    onEnd(this.trace, finished);
  }
}
