/**
 * One version's bytes in the memory of the fleet: where each chunk of each fragment is, and whether it is there. Soft
 * state: a chunk that is not held costs a decode or a store read, never data.
 */
import { type ChunkId, chunkLength, formatLayoutId, type Layout, type LayoutId } from '@sion/core';
import type { NodeIndex } from '../fleet/fleet.ts';

/** Per chunk index: its node, its CRC-32, and whether the node is known to hold it. */
export interface PlacedFragment {
  readonly nodes: readonly NodeIndex[];
  readonly checksums: readonly number[];
  readonly held: boolean[];
  /** False while nodes have yet to answer, or a repair is under way. */
  settled: boolean;
}

export class PlacedObject {
  readonly id: LayoutId;
  readonly layout: Layout;
  /** By fragment number; undefined where no node could take it. */
  readonly fragments: (PlacedFragment | undefined)[];
  /** Reads that are under way; chunks are evicted when the last one has ended. */
  readers = 0;
  /** True once it belongs to no current version any more. */
  dropped = false;

  constructor(id: LayoutId, layout: Layout, fragments: (PlacedFragment | undefined)[]) {
    this.id = id;
    this.layout = layout;
    this.fragments = fragments;
  }

  get name(): string {
    return formatLayoutId(this.id);
  }

  chunkId(fragment: number, index: number): ChunkId {
    return { epoch: this.id.epoch, counter: this.id.counter, fragment, index };
  }

  /** True when every chunk, parity included, is held. Empty chunks need no place. */
  get complete(): boolean {
    for (let number = 0; number < this.layout.fragments; number++) {
      const fragment = this.fragments[number];
      if (fragment === undefined) return false;
      for (let index = 0; index < fragment.held.length; index++) {
        if (!fragment.held[index] && chunkLength(this.layout, number, index) > 0) return false;
      }
    }
    return true;
  }

  /** True when at least one chunk is held, or none is needed. */
  get present(): boolean {
    return this.layout.fragments === 0 || this.fragments.some((fragment) => fragment?.held.includes(true) ?? false);
  }
}

/** True when nothing of it is left in memory, and nothing is on its way there: it must be placed anew. */
export function isGone(object: PlacedObject): boolean {
  return !object.present && object.fragments.every((fragment) => fragment?.settled ?? true);
}

/** Ids of the chunks that nodes may hold, by node. */
export function chunksByNode(
  id: LayoutId,
  fragments: readonly (PlacedFragment | undefined)[],
): ReadonlyMap<NodeIndex, readonly ChunkId[]> {
  const byNode = new Map<NodeIndex, ChunkId[]>();
  for (const [number, fragment] of fragments.entries()) {
    for (const [index, node] of fragment?.nodes.entries() ?? []) {
      const ids = byNode.get(node) ?? [];
      ids.push({ ...id, fragment: number, index });
      byNode.set(node, ids);
    }
  }
  return byNode;
}
