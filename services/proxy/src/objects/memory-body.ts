/**
 * The body of a read that memory serves: fragment after fragment, the next one fetched while the present one is sent,
 * within the proxy's byte budget. Bytes that memory has lost come from the store, of exactly the same version.
 */
import type { ByteRange } from '@sion/components';
import { type FragmentSpan, fragmentShape, spansOfRange } from '@sion/core';
import { SionError } from '@sion/wire';
import { type FragmentBytes, readFragment } from '../memory/fragment-read.ts';
import { repairFragment } from '../memory/fragment-repair.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import type { PlacedObject } from '../memory/placed-object.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { ObjectBody, ObjectRange, ReadSource, ReadTrace } from './objects.ts';

export interface MemoryBodyOptions {
  readonly memory: ObjectMemory;
  readonly object: PlacedObject;
  readonly range: ObjectRange;
  readonly budget: ByteBudget;
  readonly hedgeMs: number;
  readonly fetchTimeoutMs: number;
  /** Bytes of exactly this version from the store; rejects with {@link Superseded} when it is no longer there. */
  readonly readStore: (range: ByteRange) => Promise<Uint8Array>;
  /** Told once: read to its end, or not. */
  readonly onEnd: (trace: ReadTrace, finished: boolean) => void;
  readonly signal?: AbortSignal;
}

/** The version being read is not in the store any more. Before the first byte the read starts over; later it is cut. */
export class Superseded extends SionError {
  constructor() {
    super('unavailable', 'the object was replaced while it was being read; read it again');
  }
}

interface Fetching {
  readonly span: FragmentSpan;
  readonly bytes: number;
  readonly fragment: Promise<FragmentBytes>;
}

export class MemoryBody implements ObjectBody {
  readonly sizeBytes: number;
  readonly #options: MemoryBodyOptions;
  readonly #spans: readonly FragmentSpan[];
  readonly #stop = new AbortController();
  readonly #onOuterAbort = () => this.cancel();
  readonly #nodes = new Set<number>();
  #source: ReadSource = 'memory';
  #storeRequests = 0;
  #begun = 0;
  #ahead: Fetching | undefined;
  #ended = false;

  constructor(options: MemoryBodyOptions) {
    this.#options = options;
    this.sizeBytes = options.range.end - options.range.start;
    this.#spans = spansOfRange(options.object.layout, options.range);
    options.memory.retain(options.object);
    options.signal?.addEventListener('abort', this.#onOuterAbort, { once: true });
    if (options.signal?.aborted) this.cancel();
  }

  get trace(): ReadTrace {
    return { source: this.#source, nodes: this.#nodes.size, storeRequests: this.#storeRequests };
  }

  /** Fetches the first fragment, so that what fails early fails before the answer has begun. */
  async prime(): Promise<void> {
    if (this.#spans.length === 0) return;
    try {
      this.#ahead = await this.#begin();
      await this.#ahead?.fragment;
    } catch (thrown) {
      this.#end(false);
      throw thrown;
    }
  }

  async bytes(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this) pieces.push(piece);
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, this.sizeBytes);
  }

  cancel(): void {
    this.#end(false);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let finished = false;
    try {
      for (let sent = 0; sent < this.#spans.length; sent++) {
        const current = this.#ahead ?? (await this.#begin());
        this.#ahead = undefined;
        if (current === undefined) throw this.#stopped();
        try {
          const fragment = await current.fragment;
          this.#beginAhead();
          this.#note(current.span, fragment);
          for (const part of current.span.chunks) {
            const chunk = fragment.chunks[part.index];
            if (chunk === undefined) throw new SionError('internal', 'a wanted chunk is missing after its read');
            if (this.#ended) throw this.#stopped();
            yield chunk.subarray(part.start, part.end);
          }
        } finally {
          this.#options.budget.release(current.bytes);
        }
      }
      finished = true;
    } finally {
      this.#end(finished);
    }
  }

  #stopped(): SionError {
    return new SionError('closed', 'the read was given up');
  }

  /** Waits for memory, then fetches the next fragment. */
  async #begin(): Promise<Fetching | undefined> {
    const span = this.#spans[this.#begun];
    if (span === undefined) return undefined;
    const bytes = this.#budgetBytes(span);
    await this.#options.budget.acquire(bytes, this.#stop.signal);
    return this.#fetch(span, bytes);
  }

  #beginAhead(): void {
    const span = this.#spans[this.#begun];
    if (span === undefined || this.#ended) return;
    const bytes = this.#budgetBytes(span);
    if (this.#options.budget.tryAcquire(bytes)) this.#ahead = this.#fetch(span, bytes);
  }

  #budgetBytes(span: FragmentSpan): number {
    return span.chunks.length * fragmentShape(this.#options.object.layout, span.fragment).chunkBytes;
  }

  #fetch(span: FragmentSpan, bytes: number): Fetching {
    this.#begun++;
    const { memory, object, hedgeMs, fetchTimeoutMs, readStore } = this.#options;
    const wanted = span.chunks.map((part) => part.index);
    const signal = this.#stop.signal;
    const fragment = readFragment({
      memory,
      object,
      fragment: span.fragment,
      wanted,
      hedgeMs,
      fetchTimeoutMs,
      readStore,
      signal,
    });
    fragment.catch(() => {});
    return { span, bytes, fragment };
  }

  /** Remembers where the bytes came from, and repairs what was missing. */
  #note(span: FragmentSpan, fragment: FragmentBytes): void {
    for (const node of fragment.nodes) this.#nodes.add(node);
    this.#storeRequests += fragment.storeRequests;
    if (fragment.storeRequests > 0) this.#source = 'store';
    else if (fragment.decoded && this.#source === 'memory') this.#source = 'decoded';
    const data = fragment.chunks
      .slice(0, this.#options.object.layout.dataChunks)
      .filter((chunk) => chunk !== undefined);
    if (data.length < this.#options.object.layout.dataChunks) return;
    void repairFragment(this.#options.memory, this.#options.object, span.fragment, data);
  }

  #end(finished: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    const { memory, object, budget, signal, onEnd } = this.#options;
    signal?.removeEventListener('abort', this.#onOuterAbort);
    this.#stop.abort(this.#stopped());
    if (this.#ahead !== undefined) budget.release(this.#ahead.bytes);
    this.#ahead = undefined;
    memory.release(object);
    onEnd(this.trace, finished);
  }
}
