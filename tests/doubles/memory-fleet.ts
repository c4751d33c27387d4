/**
 * A fleet in memory for tests of the engine: nodes hold chunks in maps, and a test can lose, damage, refuse or stall
 * them. It keeps a manifest per node beside what the node holds, as the real fleet does: a loss is noticed when a chunk
 * is asked for, or by {@link MemoryFleet.reconcile}, which stands for the hello of a session.
 */
import { crc32 } from 'node:zlib';
import type { Clock, Store } from '@sion/components';
import {
  type ChunkId,
  chunkKey,
  chunkOverheadBytes,
  compareManifests,
  Manifest,
  type ManifestDifference,
  type ManifestEntry,
} from '@sion/core';
import type {
  ChunkToLoad,
  ChunkToStore,
  Fleet,
  NodeIdle,
  NodeIndex,
  NodeLoad,
  NodeRefusal,
  NodeReply,
  NodeRequestOptions,
  NodeStatus,
} from '@sion/proxy';

interface HeldChunk {
  readonly entry: ManifestEntry;
  readonly payload: Uint8Array;
}

interface Arrival {
  readonly bytes: number;
  unwanted: boolean;
}

/** One node: what it holds, which outlives the proxy, and what this proxy expects of it. */
interface Node {
  readonly held: Map<string, HeldChunk>;
  readonly manifest: Manifest;
  readonly arrivals: Map<string, Arrival>;
}

/** With a clock, requests time out: after their own time, or after this. */
const requestTimeoutMs = 100;

export class MemoryFleet implements Fleet {
  readonly size: number;
  /** Requests wait here before they are carried out; set it to hold nodes back, or to have one refuse. */
  gate: (request: 'store' | 'fetch' | 'load', node: NodeIndex) => Promise<NodeRefusal | void> | NodeRefusal | void =
    () => {};
  /** Nodes that have more to do than they deliver soon. */
  readonly busy = new Set<NodeIndex>();
  fetches = 0;
  givenBack = 0;
  loads = 0;
  /** Where nodes read lost chunks; without one they refuse to. */
  source: Pick<Store, 'get'> | undefined;
  readonly #capacityBytes: number;
  readonly #clock: Clock | undefined;
  readonly #nodes: readonly Node[];
  #listener: (node: NodeIndex, lost: readonly ManifestEntry[]) => void = () => {};
  #cut = false;

  constructor(held: readonly Map<string, HeldChunk>[], capacityBytes: number, clock?: Clock) {
    this.size = held.length;
    this.#nodes = held.map((chunks) => ({ held: chunks, manifest: new Manifest(), arrivals: new Map() }));
    this.#capacityBytes = capacityBytes;
    this.#clock = clock;
  }

  /** Chunks that nodes hold. */
  get chunks(): number {
    return this.#nodes.reduce((sum, node) => sum + node.held.size, 0);
  }

  functionName(node: NodeIndex): string {
    return `node-${node}`;
  }

  async store(index: NodeIndex, chunk: ChunkToStore, options: NodeRequestOptions = {}): Promise<NodeReply<undefined>> {
    const node = this.#node(index);
    const key = chunkKey(chunk.id);
    const bytes = chunk.payload.length;
    if (this.fill(index).usedBytes + bytes + chunkOverheadBytes > this.#capacityBytes) return refused('capacity');
    if (node.arrivals.has(key)) return refused('busy');
    const arrival: Arrival = { bytes, unwanted: false };
    node.arrivals.set(key, arrival);
    return await this.#within<undefined>(options, async (isOver) => {
      const refusal = await this.gate('store', index);
      node.arrivals.delete(key);
      if (refusal !== undefined) return refused(refusal);
      const payload = new Uint8Array(chunk.payload);
      if (!isOver() && crc32(payload) !== chunk.checksum) throw new Error('a chunk was sent with a wrong checksum');
      const entry = { id: chunk.id, lengthBytes: payload.length, checksum: chunk.checksum };
      if (arrival.unwanted || isOver()) return refused('superseded');
      node.held.set(key, { entry, payload });
      if (!this.#cut) node.manifest.add(entry);
      return { kind: 'ok', value: undefined };
    });
  }

  async fetch(index: NodeIndex, id: ChunkId, options: NodeRequestOptions = {}): Promise<NodeReply<Uint8Array>> {
    this.fetches++;
    const node = this.#node(index);
    if (!node.manifest.has(id)) return refused('missing');
    if (options.unlessBusy === true && this.busy.has(index)) return refused('busy');
    return await this.#within<Uint8Array>(options, async () => {
      const refusal = await this.gate('fetch', index);
      if (refusal !== undefined) return refused(refusal);
      const entry = node.manifest.get(id);
      if (entry === undefined) return refused('missing');
      const chunk = node.held.get(chunkKey(id));
      if (chunk !== undefined && crc32(chunk.payload) === entry.checksum) {
        return { kind: 'ok', value: new Uint8Array(chunk.payload), isSole: true };
      }
      node.held.delete(chunkKey(id));
      node.manifest.remove(id);
      this.#listener(index, [entry]);
      return refused(chunk === undefined ? 'missing' : 'corrupt');
    });
  }

  /** Whoever reads it still gets what cannot be right. */
  giveBack(payload: Uint8Array): void {
    this.givenBack++;
    new Uint8Array(payload.buffer).fill(0xee);
  }

  async load(index: NodeIndex, chunk: ChunkToLoad, options: NodeRequestOptions = {}): Promise<NodeReply<undefined>> {
    this.loads++;
    const { source } = this;
    if (source === undefined) return refused('capacity');
    const node = this.#node(index);
    const key = chunkKey(chunk.id);
    if (this.fill(index).usedBytes + chunk.lengthBytes + chunkOverheadBytes > this.#capacityBytes)
      return refused('capacity');
    if (node.arrivals.has(key)) return refused('busy');
    const arrival: Arrival = { bytes: chunk.lengthBytes, unwanted: false };
    node.arrivals.set(key, arrival);
    return await this.#within<undefined>(options, async (isOver) => {
      const refusal = await this.gate('load', index);
      const payload = refusal ?? (await rangeOf(source, chunk));
      node.arrivals.delete(key);
      if (typeof payload === 'string') return refused(payload);
      if (crc32(payload) !== chunk.checksum) return refused('corrupt');
      if (arrival.unwanted || isOver()) return refused('superseded');
      const entry = { id: chunk.id, lengthBytes: payload.length, checksum: chunk.checksum };
      node.held.set(key, { entry, payload });
      if (!this.#cut) node.manifest.add(entry);
      return { kind: 'ok', value: undefined };
    });
  }

  evict(index: NodeIndex, ids: readonly ChunkId[]): void {
    const node = this.#node(index);
    for (const id of ids) {
      const arrival = node.arrivals.get(chunkKey(id));
      if (arrival !== undefined) arrival.unwanted = true;
      node.manifest.remove(id);
      node.held.delete(chunkKey(id));
    }
  }

  restore(index: NodeIndex, entries: readonly ManifestEntry[]): void {
    for (const entry of entries) this.#node(index).manifest.add(entry);
  }

  manifest(index: NodeIndex): Iterable<ManifestEntry> {
    return this.#node(index).manifest.entries();
  }

  fill(index: NodeIndex): { readonly usedBytes: number; readonly capacityBytes: number } {
    const { manifest, arrivals } = this.#node(index);
    let usedBytes = manifest.bytes + (manifest.count + arrivals.size) * chunkOverheadBytes;
    for (const { bytes } of arrivals.values()) usedBytes += bytes;
    return { usedBytes, capacityBytes: this.#capacityBytes };
  }

  queued(index: NodeIndex): NodeLoad {
    const isBusy = this.busy.has(index);
    return { requests: Number(isBusy), bytes: Number(isBusy), isBusy };
  }

  isFetching(): boolean {
    return false;
  }

  takesChunks(): boolean {
    return true;
  }

  release(): void {}

  idleSince(_node: NodeIndex): NodeIdle | undefined {
    return undefined;
  }

  isFit(): boolean {
    return true;
  }

  async warm(_node: NodeIndex): Promise<void> {}

  onLost(listen: (node: NodeIndex, lost: readonly ManifestEntry[]) => void): void {
    this.#listener = listen;
  }

  status(): readonly NodeStatus[] {
    return [];
  }

  async close(): Promise<void> {}

  /** Reclaims a node's instance: its chunks are gone, and the listener is told, as the next hello would. */
  lose(index: NodeIndex): void {
    this.loseSilently(index);
    this.reconcile(index);
  }

  /** Reclaims it without anybody noticing yet. */
  loseSilently(index: NodeIndex): void {
    this.#node(index).held.clear();
  }

  /** Flips a bit in every chunk of a node. */
  damage(index: NodeIndex): void {
    for (const { payload } of this.#node(index).held.values()) payload[0] = (payload[0] ?? 0) ^ 1;
  }

  /** Compares what the node holds with what is expected: what is missing is lost, what nobody expects is removed. */
  reconcile(index: NodeIndex): ManifestDifference {
    const node = this.#node(index);
    const entries = [...node.held.values()].map((chunk) => chunk.entry);
    const difference = compareManifests(node.manifest, entries);
    for (const { id } of difference.lost) node.manifest.remove(id);
    for (const { id } of difference.stray) node.held.delete(chunkKey(id));
    if (difference.lost.length > 0) this.#listener(index, difference.lost);
    return difference;
  }

  /** The same nodes for the next proxy, which expects nothing yet. What this one has under way is answered no more. */
  restart(clock = this.#clock): MemoryFleet {
    this.#cut = true;
    return this.beside(clock);
  }

  /** The same nodes for the next proxy, while this one still believes that they are its own. */
  beside(clock = this.#clock): MemoryFleet {
    return new MemoryFleet(
      this.#nodes.map((node) => node.held),
      this.#capacityBytes,
      clock,
    );
  }

  #node(index: NodeIndex): Node {
    const node = this.#nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  /** Settles at the request's time-out or signal at the latest; the work then goes on by itself. */
  #within<T>(
    { signal, timeoutMs = requestTimeoutMs }: NodeRequestOptions,
    work: (isOver: () => boolean) => Promise<NodeReply<T>>,
  ): Promise<NodeReply<T>> {
    return new Promise((resolve, reject) => {
      let over = false;
      const settle = (reply: NodeReply<T>) => {
        over = true;
        timer?.cancel();
        signal?.removeEventListener('abort', onAbort);
        if (!this.#cut) resolve(reply);
      };
      const onAbort = () => settle(refused('closed'));
      const timer = this.#clock?.after(timeoutMs, () => settle(refused('timeout')));
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      work(() => over).then(settle, reject);
    });
  }
}

export function createMemoryFleet(size: number, capacityBytes: number, clock?: Clock): MemoryFleet {
  const held = Array.from({ length: size }, () => new Map<string, HeldChunk>());
  return new MemoryFleet(held, capacityBytes, clock);
}

function refused(refusal: NodeRefusal): NodeReply<never> {
  return { kind: 'refused', refusal };
}

/** The bytes of a load, or why there are none. */
async function rangeOf(source: Pick<Store, 'get'>, chunk: ChunkToLoad): Promise<Uint8Array | NodeRefusal> {
  const range = { start: chunk.offset, end: chunk.offset + chunk.lengthBytes };
  try {
    const got = await source.get(chunk.storeName, { ifMatch: chunk.etag, range });
    if (got.kind !== 'hit') return got.kind === 'outside' ? 'invalid' : 'superseded';
    const pieces: Uint8Array[] = [];
    for await (const piece of got.body) pieces.push(piece);
    return Buffer.concat(pieces);
  } catch {
    return 'unavailable';
  }
}
