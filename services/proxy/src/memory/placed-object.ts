/**
 * One version's bytes in the memory of the fleet: where each chunk of each fragment is, and whether it is there. Soft
 * state: a chunk that is not held costs a decode or a store read, never data.
 */

import type { StoredObject } from '@sion/components';
import { type ChunkId, chunkLength, formatLayoutId, type Layout, type LayoutId } from '@sion/core';
import type { NodeIndex } from '../fleet/fleet.ts';

/** Objects in memory, those that are counted (`count`) and not yet taken out of the count (`uncount`). */
export interface PlacedTotals {
  objects: number;
  /** Those of them whose every chunk is held. */
  complete: number;
  /** Counts up with each of them that comes or goes, and each chunk of them that is found or lost. */
  changes: number;
}

/** How many chunks of one object are held, so that nobody has to walk them. Shared by the object's fragments. */
export class ChunkTally {
  #held = 0;
  /** Not known before the object's end has come. */
  #needed = Number.POSITIVE_INFINITY;
  #totals: PlacedTotals | undefined;

  get held(): number {
    return this.#held;
  }

  get isComplete(): boolean {
    return this.#held >= this.#needed;
  }

  add(chunks: number): void {
    this.#change(() => {
      this.#held += chunks;
    });
  }

  need(chunks: number): void {
    this.#change(() => {
      this.#needed = chunks;
    });
  }

  count(totals: PlacedTotals): void {
    if (this.#totals !== undefined) return;
    this.#totals = totals;
    totals.changes++;
    totals.objects++;
    if (this.isComplete) totals.complete++;
  }

  uncount(): void {
    if (this.#totals === undefined) return;
    this.#totals.changes++;
    this.#totals.objects--;
    if (this.isComplete) this.#totals.complete--;
    this.#totals = undefined;
  }

  #change(change: () => void): void {
    const wasComplete = this.isComplete;
    change();
    if (this.#totals === undefined) return;
    this.#totals.changes++;
    this.#totals.complete += Number(this.isComplete) - Number(wasComplete);
  }
}

/** Per chunk index: its node, its CRC-32 (once it was sent), and whether the node is known to hold it. */
export class PlacedFragment {
  readonly checksums: readonly number[];
  /** False while nodes have yet to answer, or a repair is under way. */
  settled: boolean;
  /** Replaced, never changed, so that whoever has it reads one state of it. */
  #nodes: readonly NodeIndex[];
  readonly #held: boolean[];
  /** Chunks that a recovery is bringing back, or that move to a newer window. */
  readonly #moving = new Set<number>();
  readonly #tally: ChunkTally;

  constructor(nodes: readonly NodeIndex[], checksums: readonly number[], tally: ChunkTally, settled: boolean) {
    this.#nodes = nodes;
    this.checksums = checksums;
    this.settled = settled;
    this.#held = nodes.map(() => false);
    this.#tally = tally;
  }

  get nodes(): readonly NodeIndex[] {
    return this.#nodes;
  }

  get held(): readonly boolean[] {
    return this.#held;
  }

  get isAnyMoving(): boolean {
    return this.#moving.size > 0;
  }

  isMoving(index: number): boolean {
    return this.#moving.has(index);
  }

  /** A recovery brings this chunk back; nobody else does until {@link endMove}. */
  beginMove(index: number): void {
    this.#moving.add(index);
  }

  /** The chunk is held by `node` now, wherever it was before; undefined = it has not come back. */
  endMove(index: number, node: NodeIndex | undefined): void {
    this.#moving.delete(index);
    if (node === undefined) return;
    this.#nodes = this.#nodes.with(index, node);
    this.setHeld(index, true);
  }

  /** Chunks without bytes are never held. */
  setHeld(index: number, isHeld: boolean): void {
    if (this.#held[index] === isHeld) return;
    this.#held[index] = isHeld;
    this.#tally.add(isHeld ? 1 : -1);
  }
}

/** Which object of the store it is; its ETag changes with its expiry, its bytes never do. */
export interface PlacedOrigin {
  readonly key: string;
  readonly object: StoredObject;
}

/** A copy of a chunk that is of no use any more. */
export interface Leftover {
  readonly node: NodeIndex;
  readonly id: ChunkId;
}

export class PlacedObject {
  readonly id: LayoutId;
  readonly layout: Layout;
  /** By fragment number; undefined where no node could take it. */
  readonly fragments: (PlacedFragment | undefined)[];
  /** Reads that are under way; chunks are evicted when the last one has ended. */
  readers = 0;
  /** When it was last read or written, on the monotonic clock; below 0 by an earlier proxy. */
  touchedMs = 0;
  /** Known once it has its entry in the directory. */
  origin: PlacedOrigin | undefined;
  /** Copies that were left behind when chunks moved; some read may still be using them. */
  #leftovers: Leftover[] = [];
  /** True once it belongs to no current version any more. */
  dropped = false;
  readonly tally: ChunkTally;

  constructor(id: LayoutId, layout: Layout, fragments: (PlacedFragment | undefined)[], tally: ChunkTally) {
    this.id = id;
    this.layout = layout;
    this.fragments = fragments;
    this.tally = tally;
    tally.need(neededChunks(layout));
  }

  get name(): string {
    return formatLayoutId(this.id);
  }

  /** The chunk has moved away from this node. */
  leaveBehind(node: NodeIndex, id: ChunkId): void {
    this.#leftovers.push({ node, id });
  }

  takeLeftovers(): readonly Leftover[] {
    if (this.#leftovers.length === 0) return [];
    const leftovers = this.#leftovers;
    this.#leftovers = [];
    return leftovers;
  }

  chunkId(fragment: number, index: number): ChunkId {
    return { epoch: this.id.epoch, counter: this.id.counter, fragment, index };
  }

  /** True when every chunk, parity included, is held. Empty chunks need no place. */
  get complete(): boolean {
    return this.tally.isComplete;
  }

  /** True when at least one chunk is held, or none is needed. */
  get present(): boolean {
    return this.layout.fragments === 0 || this.tally.held > 0;
  }
}

/** Chunks that have bytes. Only the last fragment may have others. */
function neededChunks(layout: Layout): number {
  if (layout.fragments === 0) return 0;
  const last = layout.fragments - 1;
  const perFragment = layout.dataChunks + layout.parityChunks;
  let needed = last * perFragment;
  for (let index = 0; index < perFragment; index++) if (chunkLength(layout, last, index) > 0) needed++;
  return needed;
}

/** True when nothing of it is left in memory, and nothing is on its way there: it must be placed anew. */
export function isGone(object: PlacedObject): boolean {
  return !object.present && object.fragments.every((fragment) => fragment?.settled ?? true);
}

/** True when memory is known to hold enough chunks of every fragment to give all of its bytes. */
export function isReadable({ layout, fragments }: PlacedObject): boolean {
  for (let number = 0; number < layout.fragments; number++) {
    let have = 0;
    for (let index = 0; index < layout.dataChunks + layout.parityChunks; index++) {
      if (fragments[number]?.held[index] === true || chunkLength(layout, number, index) === 0) have++;
    }
    if (have < layout.dataChunks) return false;
  }
  return true;
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
