/**
 * A request to a node, from the call to the reply. It settles exactly once; by its caller's deadline or signal at the
 * latest, unless its payload is still being sent: then the reply waits until the payload is the caller's again. A fetch may
 * have several callers, each with a deadline and a signal of its own; it ends early only when all of them have left.
 */
import type { Clock, Timer } from '@sion/components';
import type { ChunkId, ManifestEntry } from '@sion/core';
import type { LinkKind } from '@sion/wire';
import type { ChunkToLoad, ChunkToStore, InvocationCause, NodeRefusal, NodeReply } from './fleet.ts';

/** What is asked of the node. */
export type NodeWork =
  | { readonly kind: 'store'; readonly chunk: ChunkToStore }
  | { readonly kind: 'fetch'; readonly entry: ManifestEntry }
  | { readonly kind: 'load'; readonly chunk: ChunkToLoad };

/** The reply's value: a fetch's payload, nothing for the others. */
export type WorkReply = NodeReply<Uint8Array | undefined>;

export interface RequestParts {
  readonly clock: Clock;
  readonly work: NodeWork;
  readonly link: LinkKind;
  readonly cause: InvocationCause;
  /** No caller awaits it any more. */
  readonly onSettled: (request: NodeRequest) => void;
}

/** How a caller's interest in a request ended before the node answered. */
type Abandonment = 'timeout' | 'closed';

/** One caller. */
interface Taker {
  readonly deadlineMs: number;
  readonly timer: Timer;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
  readonly resolve: (reply: WorkReply) => void;
}

/** One request. */
export class NodeRequest {
  readonly work: NodeWork;
  readonly link: LinkKind;
  readonly cause: InvocationCause;
  /** Bytes that the request binds: the payload that is sent, or the one that is awaited. */
  readonly bytes: number;
  /** Set while the request is on a link: calls back when its payload is out of the link's hands. */
  whenPayloadFree: ((fire: () => void) => void) | undefined;
  readonly #parts: RequestParts;
  readonly #takers = new Set<Taker>();
  #isShared = false;
  #settled = false;
  #abandonment: Abandonment | undefined;

  constructor(parts: RequestParts) {
    this.#parts = parts;
    this.work = parts.work;
    this.link = parts.link;
    this.cause = parts.cause;
    this.bytes = lengthOf(parts.work);
  }

  get id(): ChunkId {
    return this.work.kind === 'fetch' ? this.work.entry.id : this.work.chunk.id;
  }

  /** The chunk as the manifest would list it. */
  get entry(): ManifestEntry {
    if (this.work.kind === 'fetch') return this.work.entry;
    const { id, checksum } = this.work.chunk;
    return { id, checksum, lengthBytes: this.bytes };
  }

  /** When the last of its callers has waited long enough. */
  get deadlineMs(): number {
    let deadlineMs = 0;
    for (const taker of this.#takers) deadlineMs = Math.max(deadlineMs, taker.deadlineMs);
    return deadlineMs;
  }

  /** False once it has had more than one caller. */
  get isSole(): boolean {
    return !this.#isShared;
  }

  get isSettled(): boolean {
    return this.#settled;
  }

  /** True once nobody is interested any more, although the reply may have to wait for the payload. */
  get isAbandoned(): boolean {
    return this.#abandonment !== undefined;
  }

  /**
   * One more caller's reply: within its own time, and until its own signal. Each gets the same bytes, which none may change.
   * Not once it is settled or abandoned.
   */
  take(timeoutMs: number, signal?: AbortSignal): Promise<WorkReply> {
    const { clock } = this.#parts;
    this.#isShared ||= this.#takers.size > 0;
    return new Promise((resolve) => {
      const taker: Taker = {
        deadlineMs: clock.monotonicMs() + timeoutMs,
        timer: clock.after(timeoutMs, () => this.#abandon(taker, 'timeout')),
        signal,
        onAbort: () => this.#abandon(taker, 'closed'),
        resolve,
      };
      signal?.addEventListener('abort', taker.onAbort, { once: true });
      this.#takers.add(taker);
    });
  }

  /** Gives the callers their reply, or the one that the last one's end has decided; the payload is free. Nothing once settled. */
  settle(reply: WorkReply): void {
    if (this.#settled) return;
    this.#settled = true;
    const decided: WorkReply =
      this.#abandonment === undefined ? reply : { kind: 'refused', refusal: this.#abandonment };
    for (const taker of [...this.#takers]) this.#leave(taker, decided);
    this.#parts.onSettled(this);
  }

  refuse(refusal: NodeRefusal): void {
    this.settle({ kind: 'refused', refusal });
  }

  /** The others go on; with the last one the request is given up. */
  #abandon(taker: Taker, refusal: Abandonment): void {
    if (this.#settled || this.#abandonment !== undefined) return;
    if (this.#takers.size > 1) return this.#leave(taker, { kind: 'refused', refusal });
    this.#abandonment = refusal;
    if (this.whenPayloadFree === undefined) this.refuse(refusal);
    else this.whenPayloadFree(() => this.refuse(refusal));
  }

  #leave(taker: Taker, reply: WorkReply): void {
    this.#takers.delete(taker);
    taker.timer.cancel();
    taker.signal?.removeEventListener('abort', taker.onAbort);
    taker.resolve(reply);
  }
}

function lengthOf(work: NodeWork): number {
  switch (work.kind) {
    case 'store':
      return work.chunk.payload.byteLength;
    case 'fetch':
      return work.entry.lengthBytes;
    case 'load':
      return work.chunk.lengthBytes;
  }
}
