/**
 * Elastic demand caching, carried out: fetches a chunk from whichever node that has it is least busy; when all of them have
 * too much to do, has another open node pull the chunk from the store into its cache space, and fetches it there. Core's
 * `chooseSource` and `chooseCopyNode` decide, core's `CopyLedger` keeps the book.
 *
 * Copies are of use to nobody but reads: they go when their node needs room for what it is to hold, when the space for
 * copies is used up (the one used longest ago first), when their object is dropped, and when their node lets go of all.
 *
 * Must never: copy what the store does not have, evict what a node holds in its own right, or fail a read. Objects that
 * only memory has are waited for, however busy their nodes are. Parity cannot be pulled; it is not copied.
 */
import type { Clock, StoredObject } from '@sion/components';
import {
  type ChunkCopy,
  type ChunkId,
  CopyLedger,
  type CopyView,
  chooseCopyNode,
  chooseSource,
  chunkKey,
  chunkLength,
  chunkOverheadBytes,
  type LayoutId,
  type Placement,
  RecentUse,
} from '@sion/core';
import type { Fleet, NodeIndex, NodeReply } from '../fleet/fleet.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { loadChunk } from '../recovery/load-chunk.ts';
import type { PlacedFragment, PlacedObject } from './placed-object.ts';

export interface DemandCopiesParts {
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly placement: Placement;
  readonly metrics: Metrics;
  /** Bytes of copies on one node at most; 0 = none are made. */
  readonly bytesPerNode: number;
  /** What makes a node busy; one that has sent half of that in the last second is left to whoever uses it. */
  readonly busyBytesPerNode: number;
  /** Whether nodes find the object's bytes in the store. */
  readonly isInStore: (object: StoredObject) => boolean;
  /** A node has read from the store itself. */
  readonly onNodeRead: () => void;
  /** Whether the node holds the chunk in its own right. */
  readonly isHome: (id: ChunkId, node: NodeIndex) => boolean;
}

/** A chunk that a read wants. */
export interface WantedChunk {
  readonly object: PlacedObject;
  readonly fragment: PlacedFragment;
  readonly id: ChunkId;
  /** The node that holds it. */
  readonly home: NodeIndex;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Its bytes, or why not, and the node that was asked last. */
export interface FetchedChunk {
  readonly reply: NodeReply<Uint8Array>;
  readonly node: NodeIndex;
}

/**
 * For so long after a chunk's own node was last seen to be busy, the copy that was used last is preferred to it: readers that
 * went back and forth would meet there, and each time another copy would be made.
 */
const avoidedMs = 10_000;

const busy: NodeReply<never> = { kind: 'refused', refusal: 'busy' };

export class DemandCopies {
  readonly #parts: DemandCopiesParts;
  readonly #ledger = new CopyLedger();
  /** Copies on their way, by chunk; undefined = there will be none. */
  readonly #coming = new Map<string, Promise<NodeIndex | undefined>>();
  readonly #stop = new AbortController();
  /** When a node was last seen to be busy. */
  readonly #busyMs = new Map<NodeIndex, number>();
  readonly #use = new RecentUse();

  constructor(parts: DemandCopiesParts) {
    this.#parts = parts;
  }

  /** For status. */
  get status(): { readonly chunks: number; readonly bytes: number } {
    return { chunks: this.#ledger.count, bytes: this.#ledger.bytes };
  }

  /** Room on the node that copies take, and would give back. */
  occupiedBytes(node: NodeIndex): number {
    const { bytes, count } = this.#ledger.of(node);
    return bytes + count * chunkOverheadBytes;
  }

  /** Never rejects. `busy`: all that have it have too much to do, and none took a copy. */
  async fetch(wanted: WantedChunk): Promise<FetchedChunk> {
    const { metrics, clock } = this.#parts;
    metrics.countChunkRequest();
    const fetched = await this.#fetch(wanted);
    if (fetched.reply.kind === 'ok') this.#use.note(fetched.node, fetched.reply.value.length, clock.monotonicMs());
    return fetched;
  }

  async #fetch(wanted: WantedChunk): Promise<FetchedChunk> {
    const { fleet, clock } = this.#parts;
    const { id, home, timeoutMs, signal } = wanted;
    const stored = wanted.object.origin?.object;
    if (stored === undefined || !this.#parts.isInStore(stored)) {
      return { reply: await fleet.fetch(home, id, { timeoutMs, signal }), node: home };
    }
    const begunMs = clock.monotonicMs();
    const present = await this.#fetchPresent(wanted);
    if (present !== undefined) return present;
    const node = await this.#within(this.#copy(wanted), timeoutMs, signal);
    if (node === undefined) return { reply: busy, node: home };
    const leftMs = Math.max(0, timeoutMs - (clock.monotonicMs() - begunMs));
    return { reply: await fleet.fetch(node, id, { timeoutMs: leftMs, signal }), node };
  }

  /** Frees the copies of a layout's chunks. */
  drop(id: LayoutId): void {
    for (const copy of this.#ledger.ofLayout(id)) this.#evict(copy);
  }

  /** The node has lost the chunk, copy or not. */
  lost(id: ChunkId, node: NodeIndex): void {
    this.#ledger.remove(id, node);
  }

  /** Frees every copy on a node: it is to be let go, or to start clean. */
  clear(node: NodeIndex): void {
    for (const copy of this.#ledger.onNode(node)) this.#evict(copy);
  }

  /** Evicts copies until the node has room for a chunk of so many bytes, as far as copies are in its way. */
  makeRoom(node: NodeIndex, lengthBytes: number): void {
    const { fleet } = this.#parts;
    for (;;) {
      const { usedBytes, capacityBytes } = fleet.fill(node);
      if (usedBytes + lengthBytes + chunkOverheadBytes <= capacityBytes) return;
      const coldest = this.#ledger.coldest(node);
      if (coldest === undefined) return;
      this.#evict(coldest);
    }
  }

  /** Gives up what is on its way and makes no more; resolves when that is over. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#coming.values());
  }

  /** Asks the nodes that have it, the least busy first; undefined when all that are left are too busy. */
  async #fetchPresent(wanted: WantedChunk): Promise<FetchedChunk | undefined> {
    const { fleet, metrics } = this.#parts;
    const { id, home, timeoutMs, signal } = wanted;
    const tried = new Set<NodeIndex>();
    let failed: FetchedChunk | undefined;
    for (;;) {
      const node = this.#source(wanted, tried);
      if (node === undefined) return failed;
      tried.add(node);
      const reply = await fleet.fetch(node, id, { timeoutMs, signal, unlessBusy: true });
      if (reply.kind === 'ok') {
        if (node === home) return { reply, node };
        this.#ledger.use(id, node);
        metrics.countDemandHit();
        return { reply, node };
      }
      if (reply.refusal === 'timeout' || reply.refusal === 'closed') return { reply, node };
      if (node !== home && reply.refusal === 'missing') this.#ledger.remove(id, node);
      if (node === home && reply.refusal !== 'busy') failed = { reply, node };
    }
  }

  #source({ id, home, object }: WantedChunk, tried: ReadonlySet<NodeIndex>): NodeIndex | undefined {
    const { fleet, clock } = this.#parts;
    const lengthBytes = lengthOf(object, id);
    const copies = this.#ledger.places(id).filter((node) => node !== home);
    const sources = [home, ...copies]
      .filter((node) => !tried.has(node))
      .map((node) => ({ node, load: fleet.queued(node, lengthBytes), isFetching: fleet.isFetching(node, id) }));
    const nowMs = clock.monotonicMs();
    for (const { node, load } of sources) if (load.isBusy) this.#busyMs.set(node, nowMs);
    return chooseSource(sources, this.#isAvoided(home) ? copies.at(-1) : undefined);
  }

  #isAvoided(node: NodeIndex): boolean {
    const busyMs = this.#busyMs.get(node);
    return busyMs !== undefined && this.#parts.clock.monotonicMs() - busyMs < avoidedMs;
  }

  /** A node that has a copy soon; those who want one at a time share it. */
  #copy(wanted: WantedChunk): Promise<NodeIndex | undefined> {
    const key = chunkKey(wanted.id);
    const coming = this.#coming.get(key);
    if (coming !== undefined) return coming;
    const node = this.#chooseNode(wanted);
    if (node === undefined) return Promise.resolve(undefined);
    const pulled = this.#pull(wanted, node).finally(() => this.#coming.delete(key));
    this.#coming.set(key, pulled);
    this.#copyOthers(wanted);
    return pulled;
  }

  /**
   * A read is as slow as its slowest chunk, and the other chunks of the fragment lie on nodes in the same straits: those are
   * copied as well, so that the next read of it finds all of them.
   */
  #copyOthers({ object, fragment, id, ...rest }: WantedChunk): void {
    for (let index = 0; index < object.layout.dataChunks; index++) {
      const other = { ...id, index };
      const home = fragment.nodes[index];
      if (home === undefined || !this.#isAvoided(home) || fragment.held[index] !== true) continue;
      if (lengthOf(object, other) === 0 || this.#ledger.places(other).length > 0) continue;
      if (this.#coming.has(chunkKey(other))) continue;
      void this.#copy({ ...rest, object, fragment, id: other, home });
    }
  }

  #chooseNode({ id, home, object }: WantedChunk): NodeIndex | undefined {
    const { fleet, placement, clock, bytesPerNode, busyBytesPerNode } = this.#parts;
    const nowMs = clock.monotonicMs();
    const lengthBytes = lengthOf(object, id);
    if (this.#stop.signal.aborted) return undefined;
    if (id.index >= object.layout.dataChunks || lengthBytes > bytesPerNode) return undefined;
    const view: CopyView = {
      load: (node) => fleet.queued(node, lengthBytes),
      isInUse: (node) => 2 * this.#use.bytes(node, nowMs) > busyBytesPerNode,
      copyBytes: (node) => this.#ledger.of(node).bytes,
      takes: (node) =>
        !this.#ledger.has(id, node) &&
        !this.#parts.isHome(id, node) &&
        placement.stateOf(node) === 'active' &&
        fleet.isFit(node) &&
        this.#hasRoom(node, lengthBytes),
    };
    const groupSize = placement.widestFragment;
    for (let mayOpen = true; ; ) {
      const choice = chooseCopyNode({ home, peers: placement.peers(home), groupSize, mayOpen }, view);
      if (choice.kind === 'node') return choice.node;
      if (choice.kind === 'none') return undefined;
      mayOpen = placement.openNext(home);
    }
  }

  /** Beside what it holds in its own right, or in the place of other copies. */
  #hasRoom(node: NodeIndex, lengthBytes: number): boolean {
    const { usedBytes, capacityBytes } = this.#parts.fleet.fill(node);
    return usedBytes - this.occupiedBytes(node) + lengthBytes + chunkOverheadBytes <= capacityBytes;
  }

  async #pull({ object, fragment, id }: WantedChunk, node: NodeIndex): Promise<NodeIndex | undefined> {
    const { fleet, metrics, onNodeRead, bytesPerNode } = this.#parts;
    const lengthBytes = lengthOf(object, id);
    this.makeRoom(node, lengthBytes);
    while (this.#ledger.of(node).bytes + lengthBytes > bytesPerNode) {
      const coldest = this.#ledger.coldest(node);
      if (coldest === undefined) return undefined;
      this.#evict(coldest);
    }
    this.#ledger.add({ id, node, lengthBytes });
    const outcome = await loadChunk(
      { fleet, onNodeRead },
      { object, fragment, id, node, signal: this.#stop.signal },
      'request',
    );
    if (outcome === undefined && this.#ledger.arrived(id, node)) {
      metrics.countDemandCopy();
      return node;
    }
    this.#ledger.remove(id, node);
    return undefined;
  }

  /** What has become the node's own meanwhile stays. */
  #evict({ id, node }: ChunkCopy): void {
    this.#ledger.remove(id, node);
    if (!this.#parts.isHome(id, node)) this.#parts.fleet.evict(node, [id]);
  }

  /** Undefined when the caller's time or interest ends first. */
  #within<T>(work: Promise<T>, timeoutMs: number, signal: AbortSignal): Promise<T | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const end = (value: T | undefined) => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        resolve(value);
      };
      const onAbort = () => end(undefined);
      const timer = this.#parts.clock.after(timeoutMs, onAbort);
      signal.addEventListener('abort', onAbort, { once: true });
      void work.then(end);
    });
  }
}

function lengthOf({ layout }: PlacedObject, id: ChunkId): number {
  return chunkLength(layout, id.fragment, id.index);
}
