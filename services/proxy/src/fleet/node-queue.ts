/**
 * The requests of one node, from admission to reply: those that wait for a session or for room on a link, and those
 * that were sent. It bounds them, sends them in order of arrival per link, and books what each answer means for the
 * node's holdings. It neither opens nor ends sessions: its owner gives it one to send over.
 *
 * There are two queues, so that what is small never waits behind what is large: requests about chunks below
 * `bulkThresholdBytes`, and the others. Each has its own account and its own link; a load binds the network like the chunk
 * that it brings, so it is on the account of its size, while its message, which is short, goes over the control link.
 *
 * | bound                                    | of                  | what does not fit is refused as `busy`       |
 * |------------------------------------------|---------------------|----------------------------------------------|
 * | maxQueuedBytes…, maxQueuedRequests…      | both queues, each   | always                                       |
 * | busyBytes…, busyRequests…                | both queues, each   | fetches of callers that have another way     |
 *
 * A fetch of a chunk that is being fetched already joins that one: it takes no room, so it is never refused.
 */
import { crc32 } from 'node:zlib';
import type { Clock } from '@sion/components';
import { type ChunkId, chunkKey, type ManifestEntry } from '@sion/core';
import { type LinkKind, linkKinds, type ToNode } from '@sion/wire';
import type { InvocationCause, NodeRefusal, NodeRequestOptions } from './fleet.ts';
import type { Holdings } from './holdings.ts';
import type { Answer, NodeSession } from './node-session.ts';
import { unexpectedAnswer } from './reconcile.ts';
import { NodeRequest, type NodeWork, type WorkReply } from './request.ts';
import type { FleetSettings } from './settings.ts';

export interface NodeQueueParts {
  readonly clock: Clock;
  readonly settings: FleetSettings;
  readonly holdings: Holdings;
  /** A chunk of the manifest turned out to be gone or damaged; it is out of the manifest. */
  readonly onLost: (entry: ManifestEntry) => void;
  /** A request was answered or given up: room was freed, the node may be idle now. */
  readonly onProgress: () => void;
}

/** Admitted, or why not. */
export type Admission =
  | { readonly kind: 'admitted'; readonly reply: Promise<WorkReply> }
  | { readonly kind: 'refused'; readonly refusal: NodeRefusal };

/** What a queue has on its account. */
export interface QueueLoad {
  readonly requests: number;
  readonly bytes: number;
}

/** One node's requests. */
export class NodeQueue {
  readonly #parts: NodeQueueParts;
  readonly #waiting: Readonly<Record<LinkKind, Set<NodeRequest>>> = { control: new Set(), bulk: new Set() };
  readonly #accounts: Readonly<Record<LinkKind, { requests: number; bytes: number }>> = {
    control: { requests: 0, bytes: 0 },
    bulk: { requests: 0, bytes: 0 },
  };
  /** Fetches that are not settled, by chunk. */
  readonly #fetches = new Map<string, NodeRequest>();

  constructor(parts: NodeQueueParts) {
    this.#parts = parts;
  }

  /** True when a request waits to be sent. */
  get hasWaiting(): boolean {
    return this.#waiting.control.size > 0 || this.#waiting.bulk.size > 0;
  }

  /** True when nobody awaits a reply. */
  get isIdle(): boolean {
    return this.#accounts.control.requests + this.#accounts.bulk.requests === 0;
  }

  /** What waits or is under way in the queue of chunks of this length. */
  load(lengthBytes: number): QueueLoad {
    return this.#accounts[this.#queueOf(lengthBytes)];
  }

  /** Whether another fetch of that chunk would take no room. */
  isFetching(id: ChunkId): boolean {
    return this.#fetches.has(chunkKey(id));
  }

  /** Whether a fetch of so many bytes would be refused to a caller that has another way. */
  isBusy(lengthBytes: number): boolean {
    const { busyBytesPerNode, busyRequestsPerNode } = this.#parts.settings;
    return this.#isFull(lengthBytes, busyBytesPerNode, busyRequestsPerNode);
  }

  /** Whether chunks would be refused, small or large ones. */
  get isFull(): boolean {
    const { maxQueuedRequestsPerNode, maxQueuedBytesPerNode } = this.#parts.settings;
    return linkKinds.some((kind) => {
      const { requests, bytes } = this.#accounts[kind];
      return requests >= maxQueuedRequestsPerNode || bytes >= maxQueuedBytesPerNode;
    });
  }

  /** What the first waiting request wants its invocation booked under. */
  get cause(): InvocationCause {
    for (const kind of linkKinds) for (const request of this.#waiting[kind]) return request.cause;
    return 'request';
  }

  /** Takes a request in, or says why not. A chunk to hold is booked as arriving from now on. */
  admit(work: NodeWork, lengthBytes: number, options: NodeRequestOptions): Admission {
    const { clock, settings, holdings } = this.#parts;
    const { signal, timeoutMs = settings.requestTimeoutMs } = options;
    if (signal?.aborted === true) return { kind: 'refused', refusal: 'closed' };
    const present = work.kind === 'fetch' ? this.#fetches.get(chunkKey(work.entry.id)) : undefined;
    if (present !== undefined) return { kind: 'admitted', reply: present.take(timeoutMs, signal) };
    const isBusy = options.unlessBusy === true && this.isBusy(lengthBytes);
    const isFull = this.#isFull(lengthBytes, settings.maxQueuedBytesPerNode, settings.maxQueuedRequestsPerNode);
    if (isBusy || isFull) return { kind: 'refused', refusal: 'busy' };
    const queue = this.#queueOf(lengthBytes);
    const request = new NodeRequest({
      ...{ clock, work, link: work.kind === 'load' ? 'control' : queue, cause: options.cause ?? 'request' },
      onSettled: (settled) => this.#onSettled(settled),
    });
    this.#accounts[queue].requests++;
    this.#accounts[queue].bytes += request.bytes;
    const reply = request.take(timeoutMs, signal);
    if (work.kind === 'fetch') this.#fetches.set(chunkKey(work.entry.id), request);
    else if (!holdings.beginArrival(request.entry)) {
      request.refuse('busy');
      return { kind: 'admitted', reply };
    }
    this.#waiting[request.link].add(request);
    return { kind: 'admitted', reply };
  }

  /** A request that is alone always fits. */
  #isFull(lengthBytes: number, mostBytes: number, mostRequests: number): boolean {
    const { requests, bytes } = this.load(lengthBytes);
    return requests > 0 && (bytes + lengthBytes > mostBytes || requests >= mostRequests);
  }

  #queueOf(lengthBytes: number): LinkKind {
    return lengthBytes >= this.#parts.settings.bulkThresholdBytes ? 'bulk' : 'control';
  }

  /** Sends what waits, as far as the session's links take it. */
  pump(session: NodeSession): void {
    for (const kind of linkKinds) {
      for (const request of this.#waiting[kind]) {
        if (session.isOver || session.link(kind)?.writable !== true) break;
        this.#waiting[kind].delete(request);
        this.#send(session, request);
      }
    }
  }

  /** Refuses what waits to be sent; with `beforeMs`, only what cannot wait until then. */
  refuseWaiting(refusal: NodeRefusal, beforeMs = Number.POSITIVE_INFINITY): void {
    for (const kind of linkKinds) {
      for (const request of this.#waiting[kind]) if (request.deadlineMs <= beforeMs) request.refuse(refusal);
    }
  }

  /** A waiting request that is over leaves; what it booked is undone. */
  #onSettled(request: NodeRequest): void {
    const account = this.#accounts[this.#queueOf(request.bytes)];
    account.requests--;
    account.bytes -= request.bytes;
    const key = chunkKey(request.id);
    if (this.#fetches.get(key) === request) this.#fetches.delete(key);
    if (this.#waiting[request.link].delete(request) && request.work.kind !== 'fetch') {
      this.#parts.holdings.endArrival(request.id, 'absent');
    }
    this.#parts.onProgress();
  }

  #send(session: NodeSession, request: NodeRequest): void {
    const { holdings } = this.#parts;
    const { work } = request;
    if (work.kind === 'fetch' && !holdings.manifest.has(work.entry.id)) return request.refuse('missing');
    if (work.kind !== 'fetch' && holdings.isUnwanted(request.id)) {
      holdings.endArrival(request.id, 'absent');
      return request.refuse('superseded');
    }
    const link = session.link(request.link);
    if (work.kind === 'store' && link !== undefined) request.whenPayloadFree = (fire) => link.whenFlushed(fire);
    session.send(request.link, messageOf(work), (answer) => {
      if (request.work.kind === 'fetch') this.#endFetch(request, request.work.entry, answer);
      else this.#endArrival(request, answer);
    });
  }

  /** A store or a load was answered. */
  #endArrival(request: NodeRequest, answer: Answer): void {
    const { holdings } = this.#parts;
    if (answer === undefined) {
      holdings.endArrival(request.id, 'unknown');
      return this.#over(request, 'unavailable');
    }
    switch (answer.type) {
      case 'done': {
        // Whoever asked was told `timeout` or `closed`: the manifest must not have what nobody counts on.
        if (request.isAbandoned) holdings.evict(request.id);
        const held = holdings.endArrival(request.id, 'held');
        return held ? this.#settle(request, accepted) : this.#over(request, 'superseded');
      }
      case 'failed':
        holdings.endArrival(request.id, 'absent');
        return this.#over(request, answer.code);
      default:
        holdings.endArrival(request.id, 'unknown');
        this.#over(request, 'unavailable');
        throw unexpectedAnswer(request.work.kind, answer.type);
    }
  }

  #endFetch(request: NodeRequest, entry: ManifestEntry, answer: Answer): void {
    if (answer === undefined) return this.#over(request, 'unavailable');
    switch (answer.type) {
      case 'chunk': {
        const sum = crc32(answer.payload);
        const good = sum === answer.checksum && sum === entry.checksum && answer.payload.length === entry.lengthBytes;
        if (good) return this.#settle(request, { kind: 'ok', value: answer.payload, isSole: request.isSole });
        return this.#loseChunk(request, 'corrupt');
      }
      case 'failed':
        if (answer.code === 'missing' || answer.code === 'corrupt') return this.#loseChunk(request, answer.code);
        return this.#over(request, answer.code);
      default:
        this.#over(request, 'unavailable');
        throw unexpectedAnswer('fetch', answer.type);
    }
  }

  /** Out of the manifest; what the node may still hold of it is to be forgotten there as well. */
  #loseChunk(request: NodeRequest, refusal: 'missing' | 'corrupt'): void {
    const { holdings, onLost } = this.#parts;
    const lost = refusal === 'missing' ? holdings.lose(request.id) : holdings.manifest.get(request.id);
    if (refusal === 'corrupt') holdings.evict(request.id);
    if (lost !== undefined) onLost(lost);
    this.#over(request, refusal);
  }

  #over(request: NodeRequest, refusal: NodeRefusal): void {
    this.#settle(request, { kind: 'refused', refusal });
  }

  /** Replies, or, when the caller has its reply already, just goes on. */
  #settle(request: NodeRequest, reply: WorkReply): void {
    if (request.isSettled) this.#parts.onProgress();
    else request.settle(reply);
  }
}

const accepted: WorkReply = { kind: 'ok', value: undefined };

function messageOf(work: NodeWork): ToNode {
  switch (work.kind) {
    case 'store':
      return { type: 'store', ...work.chunk };
    case 'fetch':
      return { type: 'fetch', id: work.entry.id };
    case 'load':
      return { type: 'load', ...work.chunk };
  }
}
