/**
 * The fleet's memory as a place for objects: takes whole objects in (cut, coded and spread over nodes), gives chunks back,
 * frees them, and keeps track of what was lost behind its back. It knows layouts and nodes, but no keys, versions or
 * store: those are the engine's.
 *
 * Must never: fail or hold up a write. Placing gives up instead, and the object is served from the store.
 *
 * While a snapshot is being loaded it is **closed**: no node is asked for anything, since a session would evict the chunks
 * that no manifest lists yet. What comes in is not placed, reads go to the store, and evictions wait.
 *
 * While the budget **saves**, nothing new comes in and nothing moves or comes back, and readers turn to the store where that
 * has the bytes.
 */
import type { Clock, Log } from '@sion/components';
import {
  type ChunkId,
  chunkOverheadBytes,
  type FleetView,
  formatLayoutId,
  type Layout,
  type LayoutId,
  layoutOf,
  type ManifestEntry,
  type Placement,
  type PlacementGroup,
  type PlacementWish,
  type Stripe,
} from '@sion/core';
import { type Codec, createErasure, type Erasure } from '@sion/erasure';
import type { Fleet, NodeIndex } from '../fleet/fleet.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ByteBudget } from '../objects/byte-budget.ts';
import type { RequestAccount } from '../objects/request-account.ts';
import { DemandCopies, type DemandCopiesParts } from './demand-copies.ts';
import { repairFragment } from './fragment-repair.ts';
import { ObjectWriter } from './object-writer.ts';
import { chunksByNode, type PlacedFragment, type PlacedObject, type PlacedOrigin } from './placed-object.ts';

export interface MemoryParts extends Pick<DemandCopiesParts, 'isInStore' | 'onNodeRead'> {
  readonly clock: Clock;
  readonly log: Log;
  readonly fleet: Fleet;
  readonly placement: Placement;
  readonly metrics: Metrics;
  readonly budget: ByteBudget;
  readonly stripes: readonly Stripe[];
  readonly maxChunkBytes: number;
  /** Larger objects go past memory. */
  readonly maxObjectBytes: number;
  /** How long a placing may wait for proxy memory before it gives up. */
  readonly patienceMs: number;
  /** Draws the next layout id. */
  readonly nextLayoutId: () => LayoutId;
  /** What makes a node busy. */
  readonly busyBytesPerNode: number;
  /** Bytes of copies of chunks in demand that each node may hold beside what is placed on it. */
  readonly copyBytesPerNode: number;
  /** Frees memory by evicting cold objects; false when there is nothing to evict. */
  readonly makeRoom: () => boolean;
  /** Frees all that lies on the group's nodes, and the group. */
  readonly releaseGroup: (group: PlacementGroup) => void;
  /** Whether functions are to be left alone where there is another way. */
  readonly isSaving: () => boolean;
}

/** A chunk that a node has lost, of an object that is in the directory. */
export interface LostPiece {
  readonly object: PlacedObject;
  readonly id: ChunkId;
  readonly lengthBytes: number;
}

/** Told what memory loses, so that it is brought back ahead of reads. */
export interface LossWatcher {
  onLost(node: NodeIndex, pieces: readonly LostPiece[]): void;
  /** The object is of no use any more. */
  onDropped(object: PlacedObject): void;
  /** A read needs this chunk, which is not held. */
  onWanted(id: ChunkId): void;
  /** Whether the node is bringing chunks back just now. */
  isRecovering(node: NodeIndex): boolean;
}

/** Moves fragments out of old windows. */
export interface FragmentMover {
  /**
   * A read has used a fragment that lies too far back; `data` are all its data chunks, unpadded, if they are at hand.
   * Undefined when nothing comes of it for now; otherwise resolves when the nodes have answered.
   */
  passed(object: PlacedObject, number: number, data: readonly Uint8Array[] | undefined): Promise<void> | undefined;
}

/** A layout with chunks in memory. */
interface Live {
  readonly fragments: readonly (PlacedFragment | undefined)[];
  /** Once it is in the directory. */
  object?: PlacedObject;
}

/** Of the bytes that bodies may take, what fragments may take in slabs; the rest lies in ordinary memory. */
const slabShare = 1 / 2;

/** WebAssembly's memory ends at 4 GiB. */
const maxSlabBytes = 2 ** 31;

export class ObjectMemory {
  readonly parts: MemoryParts;
  /** Coding, and slabs for fragments on their way. */
  readonly erasure: Erasure;
  /** Through which chunks are read. */
  readonly copies: DemandCopies;
  /** Everything with chunks in memory, objects that are still being taken in included. */
  readonly #live = new Map<string, Live>();
  /** While it is closed: layouts that are of no use any more. */
  readonly #view: FleetView;
  #watcher: LossWatcher | undefined;
  #mover: FragmentMover | undefined;
  #unwanted: { readonly id: LayoutId; readonly fragments: readonly (PlacedFragment | undefined)[] }[] | undefined;

  constructor(parts: MemoryParts) {
    this.parts = parts;
    this.erasure = createErasure({ slabBytes: Math.min(maxSlabBytes, parts.budget.totalBytes * slabShare) });
    this.copies = new DemandCopies({
      ...parts,
      bytesPerNode: parts.copyBytesPerNode,
      isHome: (id, node) => this.#homeOf(id) === node,
    });
    const { fleet } = parts;
    this.#view = {
      usedBytes: (node) => this.usedBytes(node),
      capacityBytes: (node) => fleet.fill(node).capacityBytes,
      available: (node) => fleet.takesChunks(node),
    };
    parts.fleet.onLost((node, lost) => this.#onLost(node, lost));
  }

  /** Layouts with chunks in memory, those that are still being taken in included. */
  get size(): number {
    return this.#live.size;
  }

  get isOpen(): boolean {
    return this.#unwanted === undefined;
  }

  get isSaving(): boolean {
    return this.parts.isSaving();
  }

  /** Leaves the nodes alone until {@link open}. Before the first request only. */
  close(): void {
    this.#unwanted ??= [];
  }

  /** The manifests are whole: nodes may be asked from now on. */
  open(): void {
    const unwanted = this.#unwanted ?? [];
    this.#unwanted = undefined;
    for (const { id, fragments } of unwanted) this.#evict(id, fragments);
  }

  /**
   * Starts taking an object in; `sizeBytes` where it is known. Undefined when it is too large for memory, or that is closed
   * or saves. What is to be nowhere else is taken to its end once it was begun, at any price.
   */
  beginWrite(sizeBytes?: number, account?: RequestAccount, isOnlyHere = false): ObjectWriter | undefined {
    if (sizeBytes !== undefined && sizeBytes > this.parts.maxObjectBytes) {
      this.parts.metrics.countBypassed();
      return undefined;
    }
    if (!this.isOpen || (this.isSaving && !isOnlyHere)) {
      this.parts.metrics.countUnplaced();
      return undefined;
    }
    return new ObjectWriter(this, { sizeBytes, account, isOnlyHere });
  }

  layoutOf(sizeBytes: number): Layout {
    return layoutOf(sizeBytes, this.parts.stripes, this.parts.maxChunkBytes);
  }

  codec(layout: Layout): Codec {
    return this.erasure.codec(layout.dataChunks, layout.parityChunks);
  }

  /** The parity chunks among the `wanted` ones, by index, from all data chunks of a fragment. */
  parityOf(
    layout: Layout,
    chunkBytes: number,
    data: readonly Uint8Array[],
    wanted: readonly number[],
  ): Map<number, Uint8Array> {
    const parity = wanted.filter((index) => index >= layout.dataChunks);
    const lost = new Array<undefined>(layout.parityChunks).fill(undefined);
    return this.codec(layout).rebuild([...data, ...lost], chunkBytes, parity);
  }

  /**
   * Nodes for one fragment's chunks; at the fleet's end the oldest window makes room, then cold objects do. Undefined = no
   * place.
   */
  choosePlaces(layout: Layout, chunkBytes: number, salt: number): readonly NodeIndex[] | undefined {
    const { makeRoom } = this.parts;
    const wish = { chunks: layout.dataChunks + layout.parityChunks, chunkBytes, salt };
    let places = this.placesFor(wish);
    while (places === undefined && (this.#releaseLeastMissed() || makeRoom())) places = this.placesFor(wish);
    return places;
  }

  /** Nodes in the newest window that have room as it is. */
  placesFor(wish: PlacementWish): readonly NodeIndex[] | undefined {
    const { fleet, placement } = this.parts;
    const places = placement.place({ ...wish, chunkBytes: wish.chunkBytes + chunkOverheadBytes }, this.#view);
    for (const node of places ?? []) this.copies.makeRoom(node, wish.chunkBytes);
    // Their first chunks should not have to wait for cold starts.
    for (const node of placement.takeReadied()) void fleet.warm(node, 'request');
    return places;
  }

  /** Bytes that the node holds in its own right: copies give way. */
  usedBytes(node: NodeIndex): number {
    return this.parts.fleet.fill(node).usedBytes - this.copies.occupiedBytes(node);
  }

  /** From now on losses of chunks of this layout are noted in `fragments`; `object` is set when it is in the directory already. */
  track(id: LayoutId, fragments: readonly (PlacedFragment | undefined)[], object?: PlacedObject): void {
    this.#live.set(formatLayoutId(id), object === undefined ? { fragments } : { fragments, object });
  }

  /** Whoever brings back what is lost. One only. */
  watch(watcher: LossWatcher): void {
    this.#watcher = watcher;
  }

  /** Whoever moves what is used to the newest window. One only. */
  moveBy(mover: FragmentMover): void {
    this.#mover = mover;
  }

  /** A read has used this fragment; `data` are all its data chunks if they are at hand. As `FragmentMover.passed`. */
  passed(object: PlacedObject, number: number, data: readonly Uint8Array[] | undefined): Promise<void> | undefined {
    if (this.isSaving) return undefined;
    if (this.isOutdated(object, number)) return this.#mover?.passed(object, number, data);
    return data === undefined ? undefined : repairFragment(this, object, number, data);
  }

  /** Whether some of the fragment's chunks lie too far back. */
  isOutdated(object: PlacedObject, number: number): boolean {
    const { placement } = this.parts;
    return object.fragments[number]?.nodes.some((node) => placement.isOutdated(node)) === true;
  }

  /** Objects of the directory that have chunks on this node, copies left out. */
  *objectsOn(node: NodeIndex): Generator<PlacedObject> {
    for (const { id } of this.parts.fleet.manifest(node)) {
      const object = this.objectOf(id);
      if (object !== undefined && this.#homeOf(id) === node) yield object;
    }
  }

  /** Whether the node is bringing back what was lost, so that what it is asked for will be late. */
  isRecovering(node: NodeIndex): boolean {
    return this.#watcher?.isRecovering(node) ?? false;
  }

  /** The object is in the directory now, as `origin`. Gives the object. */
  adopt(object: PlacedObject, origin: PlacedOrigin): PlacedObject {
    object.origin = origin;
    const live = this.#live.get(object.name);
    if (live !== undefined) live.object = object;
    return object;
  }

  /** The object of a layout, once it is in the directory. */
  objectOf(id: LayoutId): PlacedObject | undefined {
    return this.#live.get(formatLayoutId(id))?.object;
  }

  /** A read is about to use these chunks of the object. */
  touch(object: PlacedObject, number: number, wanted: readonly number[]): void {
    object.touchedMs = this.parts.clock.monotonicMs();
    const fragment = object.fragments[number];
    const node = fragment?.nodes[0];
    if (node !== undefined) this.parts.placement.noteUse(node);
    if (fragment === undefined || this.#watcher === undefined) return;
    for (const index of wanted) if (!fragment.held[index]) this.#watcher.onWanted(object.chunkId(number, index));
  }

  /** Frees the object's chunks, when the last read of it has ended. */
  drop(object: PlacedObject): void {
    if (!object.dropped) this.#watcher?.onDropped(object);
    object.dropped = true;
    if (object.readers > 0) return;
    this.free(object.id, object.fragments);
    this.#evictLeftovers(object);
  }

  /** Frees the chunks of a layout at once. */
  free(id: LayoutId, fragments: readonly (PlacedFragment | undefined)[]): void {
    if (!this.#live.delete(formatLayoutId(id))) return;
    this.copies.drop(id);
    if (this.#unwanted === undefined) this.#evict(id, fragments);
    else this.#unwanted.push({ id, fragments });
  }

  /** Holds the object's chunks while they are read. */
  retain(object: PlacedObject): void {
    object.readers++;
  }

  release(object: PlacedObject): void {
    object.readers--;
    if (object.readers > 0) return;
    if (object.dropped) this.drop(object);
    else this.#evictLeftovers(object);
  }

  /** Frees a group as a whole; false when there is no old one. */
  #releaseLeastMissed(): boolean {
    const { placement, releaseGroup } = this.parts;
    const oldest = placement.leastMissed();
    if (oldest === undefined) return false;
    releaseGroup(oldest);
    return true;
  }

  /** Copies that were left behind when chunks moved. */
  #evictLeftovers(object: PlacedObject): void {
    for (const { node, id } of object.takeLeftovers()) this.parts.fleet.evict(node, [id]);
  }

  #homeOf(id: ChunkId): NodeIndex | undefined {
    return this.#live.get(formatLayoutId(id))?.fragments[id.fragment]?.nodes[id.index];
  }

  #evict(id: LayoutId, fragments: readonly (PlacedFragment | undefined)[]): void {
    for (const [node, ids] of chunksByNode(id, fragments)) this.parts.fleet.evict(node, ids);
  }

  #onLost(node: NodeIndex, lost: readonly ManifestEntry[]): void {
    this.parts.metrics.countRecovery(lost.length);
    const pieces: LostPiece[] = [];
    for (const { id, lengthBytes } of lost) {
      this.copies.lost(id, node);
      const live = this.#live.get(formatLayoutId(id));
      const fragment = live?.fragments[id.fragment];
      if (fragment?.nodes[id.index] !== node) continue;
      fragment.setHeld(id.index, false);
      if (live?.object?.dropped === false) pieces.push({ object: live.object, id, lengthBytes });
    }
    if (pieces.length > 0) this.#watcher?.onLost(node, pieces);
  }
}
