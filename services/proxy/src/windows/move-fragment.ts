/**
 * Moves one fragment's chunks to the newest window, as core's `planMove` says: from the bytes of a read that passes by,
 * from the store by their new nodes, or from the nodes that hold them. The chunks keep their names, so nothing but their
 * places changes, one by one as the new nodes answer; a chunk that does not get there stays where it was. The old copies go
 * when no read uses the object.
 *
 * Must never: hold up a read, evict anything to make room for what it moves, or touch a fragment that a repair or a
 * recovery is at work on.
 */
import type { StoredObject } from '@sion/components';
import { type ChunkMove, chunkLength, fragmentShape, planMove } from '@sion/core';
import type { Fleet, NodeIndex } from '../fleet/fleet.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import type { PlacedFragment, PlacedObject } from '../memory/placed-object.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { loadChunk } from '../recovery/load-chunk.ts';

export interface MoveParts {
  readonly fleet: Fleet;
  readonly memory: ObjectMemory;
  readonly metrics: Metrics;
  /** Whether nodes find the object's bytes in the store. */
  readonly isInStore: (object: StoredObject) => boolean;
  /** A node has read from the store itself. */
  readonly onNodeRead: () => void;
}

interface Move {
  readonly object: PlacedObject;
  readonly number: number;
  readonly fragment: PlacedFragment;
  /** By chunk index, where bytes pass by. */
  readonly chunks: ReadonlyMap<number, Uint8Array>;
  readonly signal: AbortSignal;
}

/**
 * `data` are all data chunks, unpadded, when they pass by. Undefined when there is nothing to move, no room for it in the
 * newest window, or no proxy memory; otherwise resolves when the nodes have answered.
 */
export function moveFragment(
  parts: MoveParts,
  object: PlacedObject,
  number: number,
  data: readonly Uint8Array[] | undefined,
  signal: AbortSignal,
): Promise<void> | undefined {
  const { memory } = parts;
  const fragment = object.fragments[number];
  if (fragment === undefined || !fragment.settled || fragment.isAnyMoving) return undefined;
  if (object.dropped || object.origin === undefined || !memory.isOpen) return undefined;
  const moves = planOf(parts, object, number, fragment, data !== undefined);
  if (moves.length === 0) return undefined;
  const { chunkBytes } = fragmentShape(object.layout, number);
  const reserveBytes = reservedBytes(object, number, moves);
  const { budget } = memory.parts;
  if (!budget.tryAcquire(reserveBytes)) return undefined;
  const staying = fragment.nodes.filter((_, index) => moves.every((move) => move.index !== index));
  const places = memory.placesFor({ chunks: moves.length, chunkBytes, salt: object.id.counter, avoid: staying });
  if (places === undefined) {
    budget.release(reserveBytes);
    return undefined;
  }
  const chunks = data === undefined ? new Map<number, Uint8Array>() : withParity(memory, object, number, moves, data);
  fragment.settled = false;
  memory.retain(object);
  const move = { object, number, fragment, chunks, signal };
  return Promise.all(moves.map((each, at) => moveChunk(parts, move, each, places[at]))).then(() => {
    fragment.settled = true;
    budget.release(reserveBytes);
    memory.release(object);
  });
}

function planOf(
  { memory, isInStore }: MoveParts,
  object: PlacedObject,
  number: number,
  fragment: PlacedFragment,
  isPassing: boolean,
): readonly ChunkMove[] {
  const { placement } = memory.parts;
  const { layout, origin } = object;
  return planMove({
    dataChunks: layout.dataChunks,
    held: fragment.held,
    outdated: fragment.nodes.map((node) => placement.isOutdated(node)),
    filled: fragment.nodes.map((_, index) => chunkLength(layout, number, index) > 0),
    isPassing,
    isInStore: origin !== undefined && isInStore(origin.object),
  });
}

/** What passes by is held while the nodes take it; of what comes from nodes, as much is held as is under way. */
function reservedBytes({ layout }: PlacedObject, number: number, moves: readonly ChunkMove[]): number {
  const { chunkBytes, lengthBytes } = fragmentShape(layout, number);
  const relayed = moves.filter(({ source }) => source === 'node').length * chunkBytes;
  const isPassing = moves.some(({ source }) => source === 'passing');
  return isPassing ? lengthBytes + layout.parityChunks * chunkBytes : relayed;
}

function withParity(
  memory: ObjectMemory,
  { layout }: PlacedObject,
  number: number,
  moves: readonly ChunkMove[],
  data: readonly Uint8Array[],
): ReadonlyMap<number, Uint8Array> {
  const { chunkBytes } = fragmentShape(layout, number);
  const wanted = moves.map(({ index }) => index);
  return new Map([...data.entries(), ...memory.parityOf(layout, chunkBytes, data, wanted)]);
}

/** Never rejects. */
async function moveChunk(
  parts: MoveParts,
  move: Move,
  { index, source }: ChunkMove,
  node: NodeIndex | undefined,
): Promise<void> {
  const { object, fragment, number } = move;
  const from = fragment.nodes[index];
  if (node === undefined || from === undefined) return;
  const id = object.chunkId(number, index);
  fragment.beginMove(index);
  const isThere = source === 'store' ? await pull(parts, move, index, node) : await hand(parts, move, index, node);
  // What was replaced meanwhile is of no use there.
  if (isThere && object.dropped) parts.fleet.evict(node, [id]);
  fragment.endMove(index, isThere && !object.dropped ? node : undefined);
  if (!isThere || object.dropped) return;
  object.leaveBehind(from, id);
  parts.metrics.countMigration(1, chunkLength(object.layout, number, index));
}

/** The new node reads the chunk from the store. */
async function pull(
  parts: MoveParts,
  { object, fragment, number, signal }: Move,
  index: number,
  node: NodeIndex,
): Promise<boolean> {
  const id = object.chunkId(number, index);
  return (await loadChunk(parts, { object, fragment, id, node, signal }, 'migration')) === undefined;
}

/** The proxy hands the chunk on: it passes by, or is fetched from the node that holds it. */
async function hand(
  { fleet }: MoveParts,
  { object, fragment, number, chunks, signal }: Move,
  index: number,
  node: NodeIndex,
): Promise<boolean> {
  const id = object.chunkId(number, index);
  const from = fragment.nodes[index];
  const checksum = fragment.checksums[index];
  if (from === undefined || checksum === undefined) return false;
  const cause = 'migration';
  let payload = chunks.get(index);
  if (payload === undefined) {
    const fetched = await fleet.fetch(from, id, { cause, signal });
    if (fetched.kind !== 'ok') return false;
    payload = fetched.value;
  }
  return (await fleet.store(node, { id, checksum, payload }, { cause, signal })).kind === 'ok';
}
