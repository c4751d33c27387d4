/**
 * A request to a node, from the caller's call to its reply. It settles exactly once; by its deadline or its signal at
 * the latest, unless its payload is still being sent: then the reply waits until the payload is the caller's again.
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
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** The caller has its reply. */
  readonly onSettled: (request: NodeRequest) => void;
}

/** How the caller's interest in a request ended before the node answered. */
type Abandonment = 'timeout' | 'closed';

/** One request. */
export class NodeRequest {
  readonly work: NodeWork;
  readonly link: LinkKind;
  readonly cause: InvocationCause;
  readonly deadlineMs: number;
  /** Bytes that the request binds: the payload that is sent, or the one that is awaited. */
  readonly bytes: number;
  readonly reply: Promise<WorkReply>;
  /** Set while the request is on a link: calls back when its payload is out of the link's hands. */
  whenPayloadFree: ((fire: () => void) => void) | undefined;
  readonly #parts: RequestParts;
  readonly #timer: Timer;
  readonly #onAbort = () => this.#abandon('closed');
  #resolve: (reply: WorkReply) => void = () => {};
  #settled = false;
  #abandonment: Abandonment | undefined;

  constructor(parts: RequestParts) {
    this.#parts = parts;
    this.work = parts.work;
    this.link = parts.link;
    this.cause = parts.cause;
    this.bytes = lengthOf(parts.work);
    this.deadlineMs = parts.clock.monotonicMs() + parts.timeoutMs;
    this.reply = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#timer = parts.clock.after(parts.timeoutMs, () => this.#abandon('timeout'));
    parts.signal?.addEventListener('abort', this.#onAbort, { once: true });
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

  get isSettled(): boolean {
    return this.#settled;
  }

  /** True once the caller's interest has ended, although its reply may have to wait for its payload. */
  get isAbandoned(): boolean {
    return this.#abandonment !== undefined;
  }

  /** Gives the caller its reply, or the one that its deadline has decided; the payload is free. Nothing once settled. */
  settle(reply: WorkReply): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#timer.cancel();
    this.#parts.signal?.removeEventListener('abort', this.#onAbort);
    this.#resolve(this.#abandonment === undefined ? reply : { kind: 'refused', refusal: this.#abandonment });
    this.#parts.onSettled(this);
  }

  refuse(refusal: NodeRefusal): void {
    this.settle({ kind: 'refused', refusal });
  }

  #abandon(refusal: Abandonment): void {
    if (this.#settled || this.#abandonment !== undefined) return;
    this.#abandonment = refusal;
    if (this.whenPayloadFree === undefined) this.refuse(refusal);
    else this.whenPayloadFree(() => this.refuse(refusal));
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
