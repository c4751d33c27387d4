/**
 * Read repair: when a fragment's data is at hand and some of its chunks are not held by their nodes, puts those back. It
 * runs in the background, from the bytes that pass by, and only within memory that nobody waits for. What a recovery is bringing back is left to that.
 */
import { chunkLength, fragmentShape } from '@sion/core';
import type { ObjectMemory } from './object-memory.ts';
import type { PlacedFragment, PlacedObject } from './placed-object.ts';

/**
 * `data` are all data chunks, unpadded. Undefined when there is nothing to put back or no memory for it; otherwise resolves
 * when the nodes have answered, and rejects by a defect alone.
 */
export function repairFragment(
  memory: ObjectMemory,
  object: PlacedObject,
  number: number,
  data: readonly Uint8Array[],
): Promise<void> | undefined {
  const fragment = object.fragments[number];
  if (fragment === undefined || !fragment.settled || object.dropped) return undefined;
  const missing = [...fragment.held.keys()].filter(
    (index) => !fragment.held[index] && !fragment.isMoving(index) && chunkLength(object.layout, number, index) > 0,
  );
  if (missing.length === 0) return undefined;
  const { chunkBytes, lengthBytes } = fragmentShape(object.layout, number);
  const reserveBytes = lengthBytes + object.layout.parityChunks * chunkBytes;
  if (!memory.parts.budget.tryAcquire(reserveBytes)) return undefined;
  fragment.settled = false;
  memory.retain(object);
  return putBack(memory, object, number, fragment, missing, data).finally(() => {
    fragment.settled = true;
    memory.parts.budget.release(reserveBytes);
    memory.release(object);
  });
}

async function putBack(
  memory: ObjectMemory,
  object: PlacedObject,
  number: number,
  fragment: PlacedFragment,
  missing: readonly number[],
  data: readonly Uint8Array[],
): Promise<void> {
  const { fleet, metrics } = memory.parts;
  const { chunkBytes } = fragmentShape(object.layout, number);
  const parity = memory.parityOf(object.layout, chunkBytes, data, missing);
  const stores = missing.map(async (index) => {
    const node = fragment.nodes[index];
    const checksum = fragment.checksums[index];
    const payload = data[index] ?? parity.get(index);
    if (node === undefined || checksum === undefined || payload === undefined) return;
    const id = object.chunkId(number, index);
    const reply = await fleet.store(node, { id, checksum, payload }, { cause: 'recovery' });
    if (reply.kind !== 'ok') return;
    fragment.setHeld(index, true);
    metrics.countRepairedChunk();
  });
  await Promise.all(stores);
}
