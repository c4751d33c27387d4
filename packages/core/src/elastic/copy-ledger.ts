/**
 * The book of demand copies: chunks that a second node holds beside the one they were placed on, because that one had more
 * to do than it could deliver. A copy is a cache entry: it may go at any moment and costs nobody anything but a later wait.
 * The book knows how many bytes each node spends on copies, and which of them was used longest ago.
 *
 *     add ──► coming ── arrived ──► here ── use ──► (warmest)
 *               │                     │
 *               └────── remove ───────┘
 *
 * It decides nothing and sends nothing. What a node holds in its own right is not in it.
 */
import { type ChunkId, chunkKey, formatLayoutId, type LayoutId } from '../chunk-id.ts';

/** A chunk on a node that is not its own. */
export interface ChunkCopy {
  readonly id: ChunkId;
  readonly node: number;
  readonly lengthBytes: number;
}

interface Booked extends ChunkCopy {
  isHere: boolean;
}

/** Copies of one node, the one used longest ago first. */
interface NodeCopies {
  bytes: number;
  readonly byChunk: Map<string, Booked>;
}

export class CopyLedger {
  readonly #byNode = new Map<number, NodeCopies>();
  readonly #byChunk = new Map<string, Map<number, Booked>>();
  readonly #byLayout = new Map<string, Set<Booked>>();
  #count = 0;
  #bytes = 0;

  /** Copies, those that are coming included. */
  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the node's copies, those that are coming included, and how many there are. */
  of(node: number): { readonly bytes: number; readonly count: number } {
    const copies = this.#byNode.get(node);
    return { bytes: copies?.bytes ?? 0, count: copies?.byChunk.size ?? 0 };
  }

  has(id: ChunkId, node: number): boolean {
    return this.#byChunk.get(chunkKey(id))?.has(node) === true;
  }

  /** Nodes that have a copy of the chunk, the one used last at the end. */
  places(id: ChunkId): readonly number[] {
    const copies = this.#byChunk.get(chunkKey(id));
    return copies === undefined ? [] : [...copies.values()].filter(({ isHere }) => isHere).map(({ node }) => node);
  }

  /** A copy is on its way. Throws when it is in the book already. */
  add(copy: ChunkCopy): void {
    const key = chunkKey(copy.id);
    if (this.has(copy.id, copy.node)) throw new Error(`${key} has a copy on node ${copy.node} already`);
    const booked: Booked = { ...copy, isHere: false };
    const ofNode = this.#byNode.get(copy.node) ?? { bytes: 0, byChunk: new Map<string, Booked>() };
    ofNode.bytes += copy.lengthBytes;
    ofNode.byChunk.set(key, booked);
    this.#byNode.set(copy.node, ofNode);
    const ofChunk = this.#byChunk.get(key) ?? new Map<number, Booked>();
    this.#byChunk.set(key, ofChunk.set(copy.node, booked));
    const layout = formatLayoutId(copy.id);
    const ofLayout = this.#byLayout.get(layout) ?? new Set<Booked>();
    this.#byLayout.set(layout, ofLayout.add(booked));
    this.#count++;
    this.#bytes += copy.lengthBytes;
  }

  /** It has come; false when it was removed meanwhile. */
  arrived(id: ChunkId, node: number): boolean {
    const booked = this.#byChunk.get(chunkKey(id))?.get(node);
    if (booked === undefined) return false;
    booked.isHere = true;
    return true;
  }

  /** It is the node's warmest from now on. */
  use(id: ChunkId, node: number): void {
    const key = chunkKey(id);
    const copies = this.#byNode.get(node)?.byChunk;
    const booked = copies?.get(key);
    if (copies === undefined || booked === undefined) return;
    copies.delete(key);
    copies.set(key, booked);
    const places = this.#byChunk.get(key);
    places?.delete(node);
    places?.set(node, booked);
  }

  /** Takes a copy out; false when there was none. */
  remove(id: ChunkId, node: number): boolean {
    const key = chunkKey(id);
    const ofChunk = this.#byChunk.get(key);
    const booked = ofChunk?.get(node);
    if (ofChunk === undefined || booked === undefined) return false;
    ofChunk.delete(node);
    if (ofChunk.size === 0) this.#byChunk.delete(key);
    const ofNode = this.#byNode.get(node);
    if (ofNode !== undefined) {
      ofNode.bytes -= booked.lengthBytes;
      ofNode.byChunk.delete(key);
      if (ofNode.byChunk.size === 0) this.#byNode.delete(node);
    }
    const layout = formatLayoutId(id);
    const ofLayout = this.#byLayout.get(layout);
    ofLayout?.delete(booked);
    if (ofLayout?.size === 0) this.#byLayout.delete(layout);
    this.#count--;
    this.#bytes -= booked.lengthBytes;
    return true;
  }

  /** The node's copy that was used longest ago; none that is still coming. */
  coldest(node: number): ChunkCopy | undefined {
    for (const booked of this.#byNode.get(node)?.byChunk.values() ?? []) if (booked.isHere) return booked;
    return undefined;
  }

  /** Every copy on a node. */
  onNode(node: number): readonly ChunkCopy[] {
    return [...(this.#byNode.get(node)?.byChunk.values() ?? [])];
  }

  /** Every copy of a layout's chunks. */
  ofLayout(id: LayoutId): readonly ChunkCopy[] {
    return [...(this.#byLayout.get(formatLayoutId(id)) ?? [])];
  }
}
