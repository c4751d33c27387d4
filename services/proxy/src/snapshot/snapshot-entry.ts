/** What a snapshot keeps of an entry of the directory, and the entry that becomes of it. */
import { chunkLength, type ManifestEntry } from '@sion/core';
import type { NodeIndex } from '../fleet/fleet.ts';
import { ChunkTally, PlacedFragment, PlacedObject } from '../memory/placed-object.ts';
import type { Entry } from '../objects/knowledge.ts';
import type { SnapshotEntry, SnapshotFragment } from './snapshot-format.ts';

/** `placed` is the entry's place in memory: without one there is nothing to keep. `nowMs` on the monotonic clock. */
export function packEntry({ key, object, confirmed }: Entry, placed: PlacedObject, nowMs: number): SnapshotEntry {
  const { id, layout } = placed;
  const idleMs = Math.max(0, nowMs - placed.touchedMs);
  const fragments = Array.from({ length: layout.fragments }, (_, number) => packFragment(placed.fragments[number]));
  return { key, object, confirmed, idleMs, id, layout, fragments };
}

/** With `believed` false the store is asked about it before its first use. Between snapshot and now no time passes. */
export function unpackEntry(
  packed: SnapshotEntry,
  believed: boolean,
  nowMs: number,
): Entry & { readonly placed: PlacedObject } {
  const { key, object } = packed;
  const tally = new ChunkTally();
  const fragments = packed.fragments.map((fragment) => {
    if (fragment === null) return undefined;
    const placed = new PlacedFragment(fragment.nodes, fragment.checksums, tally, true);
    for (const index of fragment.held) placed.setHeld(index, true);
    return placed;
  });
  const placed = new PlacedObject(packed.id, packed.layout, fragments, tally);
  placed.touchedMs = nowMs - packed.idleMs;
  return {
    key,
    object,
    confirmed: believed && packed.confirmed,
    placed,
    loading: false,
    storeReads: 0,
    isExposed: true,
    hot: undefined,
  };
}

/** The chunks of it that nodes are expected to hold. */
export function* heldChunks(
  placed: PlacedObject,
): Generator<{ readonly node: NodeIndex; readonly chunk: ManifestEntry }> {
  for (const [number, fragment] of placed.fragments.entries()) {
    for (const [index, node] of fragment?.nodes.entries() ?? []) {
      const checksum = fragment?.checksums[index];
      const lengthBytes = chunkLength(placed.layout, number, index);
      if (checksum === undefined || !fragment?.held[index] || lengthBytes === 0) continue;
      yield { node, chunk: { id: placed.chunkId(number, index), lengthBytes, checksum } };
    }
  }
}

function packFragment(fragment: PlacedFragment | undefined): SnapshotFragment | null {
  if (fragment === undefined) return null;
  const { nodes, checksums, held } = fragment;
  return { nodes, checksums, held: [...held.keys()].filter((index) => held[index]) };
}
