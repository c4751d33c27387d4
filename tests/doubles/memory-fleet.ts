/** A fleet in memory for tests of the engine: nodes hold chunks in maps, and a test can lose, refuse or stall them. */
import { crc32 } from 'node:zlib';
import { type ChunkId, chunkKey, type ManifestEntry } from '@sion/core';
import type { ChunkToStore, Fleet, NodeIndex, NodeReply, NodeStatus } from '@sion/proxy';

interface HeldChunk {
  readonly entry: ManifestEntry;
  readonly payload: Uint8Array;
}

export interface MemoryFleet extends Fleet {
  /** Reclaims a node's instance: its chunks are gone, and the listener is told, as the next hello would. */
  lose(node: NodeIndex): void;
  /** Reclaims it without anybody noticing yet. */
  loseSilently(node: NodeIndex): void;
  /** Requests wait here before they are carried out; set it to hold nodes back. */
  gate: (request: 'store' | 'fetch', node: NodeIndex) => Promise<void> | void;
  readonly fetches: number;
  readonly chunks: number;
}

export function createMemoryFleet(size: number, capacityBytes: number): MemoryFleet {
  const nodes = Array.from({ length: size }, () => new Map<string, HeldChunk>());
  let listener: (node: NodeIndex, lost: readonly ManifestEntry[]) => void = () => {};
  let fetches = 0;
  const chunksOf = (node: NodeIndex) => nodes[node] ?? new Map<string, HeldChunk>();
  const usedBytes = (node: NodeIndex) =>
    [...chunksOf(node).values()].reduce((sum, chunk) => sum + chunk.payload.length, 0);
  const refused = (refusal: 'missing' | 'capacity'): NodeReply<never> => ({ kind: 'refused', refusal });
  const loseSilently = (node: NodeIndex) => chunksOf(node).clear();
  const fleet: MemoryFleet = {
    size,
    gate: () => {},
    get fetches() {
      return fetches;
    },
    get chunks() {
      return nodes.reduce((sum, node) => sum + node.size, 0);
    },
    functionName: (node) => `node-${node}`,
    async store(node: NodeIndex, chunk: ChunkToStore) {
      await fleet.gate('store', node);
      if (usedBytes(node) + chunk.payload.length > capacityBytes) return refused('capacity');
      const payload = chunk.payload.slice();
      if (crc32(payload) !== chunk.checksum) throw new Error('a chunk was sent with a wrong checksum');
      const entry = { id: chunk.id, lengthBytes: payload.length, checksum: chunk.checksum };
      chunksOf(node).set(chunkKey(chunk.id), { entry, payload });
      return { kind: 'ok', value: undefined };
    },
    async fetch(node: NodeIndex, id: ChunkId) {
      fetches++;
      await fleet.gate('fetch', node);
      const chunk = chunksOf(node).get(chunkKey(id));
      return chunk === undefined ? refused('missing') : { kind: 'ok', value: chunk.payload };
    },
    load: async () => refused('capacity'),
    evict(node, ids) {
      for (const id of ids) chunksOf(node).delete(chunkKey(id));
    },
    restore() {},
    manifest: (node) => [...chunksOf(node).values()].map((chunk) => chunk.entry),
    fill: (node) => ({ usedBytes: usedBytes(node), capacityBytes }),
    warm: async () => {},
    onLost(listen) {
      listener = listen;
    },
    loseSilently,
    lose(node) {
      const lost = [...chunksOf(node).values()].map((chunk) => chunk.entry);
      loseSilently(node);
      listener(node, lost);
    },
    status: (): readonly NodeStatus[] => [],
    close: async () => {},
  };
  return fleet;
}
