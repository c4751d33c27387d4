/**
 * Writes that are acknowledged when functions hold them (durability `memory`): the store never gets them. First all chunks
 * are placed, where nobody sees them; then a copy that the store may have of an earlier version is deleted, so that losing
 * the value is a miss and never that older one; then the key shows it.
 */
import type { Clock, Store, StoredMetadata } from '@sion/components';
import { nameOfKey } from '@sion/core';
import { SionError } from '@sion/wire';
import type { ObjectMemory } from '../memory/object-memory.ts';
import { isReadable, type PlacedObject } from '../memory/placed-object.ts';
import { type KnownObject, volatileEtag } from './known-object.ts';
import type { Key } from './objects.ts';
import { type KeptBytes, PlacedBytes } from './staged-bytes.ts';

export interface VolatileParts {
  readonly clock: Clock;
  readonly store: Store;
  readonly memory: ObjectMemory;
}

export interface VolatileWrite {
  readonly key: Key;
  /** What the key has now. */
  readonly before: KnownObject | undefined;
  readonly bytes: KeptBytes | PlacedBytes;
  readonly metadata: StoredMetadata;
  readonly place: boolean;
}

/** Rejects with `unavailable` or `capacity` when functions do not take the bytes; nothing has changed then. */
export async function placeVolatile(
  parts: VolatileParts,
  { key, before, bytes, metadata, place }: VolatileWrite,
): Promise<{ readonly object: KnownObject; readonly placed: PlacedObject } | 'conflict'> {
  if (!place) throw nowhere();
  if (parts.memory.isSaving && !(bytes instanceof PlacedBytes)) throw overBudget();
  const placed = bytes instanceof PlacedBytes ? bytes.placed : await placeKept(parts.memory, bytes.bytes);
  const isOwn = !(bytes instanceof PlacedBytes);
  try {
    if (before !== undefined && before.volatile !== true) {
      const { kind } = await parts.store.delete(before.name, before.etag);
      // Also when it is gone already: the write was decided by what nobody finds any more.
      if (kind !== 'deleted') {
        if (isOwn) parts.memory.drop(placed);
        return 'conflict';
      }
    }
  } catch (thrown) {
    if (isOwn) parts.memory.drop(placed);
    throw thrown;
  }
  if (bytes instanceof PlacedBytes) bytes.markUsed();
  const etag = volatileEtag(metadata.version ?? '');
  const object: KnownObject = {
    ...{ name: nameOfKey(key), sizeBytes: bytes.sizeBytes, etag, metadata, volatile: true },
    modifiedMs: parts.clock.wallMs(),
  };
  return { object, placed };
}

async function placeKept(memory: ObjectMemory, bytes: Uint8Array): Promise<PlacedObject> {
  const writer = memory.beginWrite(bytes.length, undefined, true);
  if (writer === undefined) throw tooLarge(memory, bytes.length);
  await writer.offer(bytes);
  return await finishPlacing(memory, writer);
}

/** The placement, once enough chunks are held to give all bytes back. */
export async function finishPlacing(
  memory: ObjectMemory,
  writer: NonNullable<ReturnType<ObjectMemory['beginWrite']>>,
): Promise<PlacedObject> {
  const placed = await writer.finish();
  await writer.settled();
  if (placed === undefined) throw noRoom();
  if (isReadable(placed)) return placed;
  memory.drop(placed);
  throw noRoom();
}

/** Of a write that is to be neither stored nor placed. */
export function nowhere(): SionError {
  return new SionError(
    'invalid',
    'durability memory and no place in memory: use store or journal, or let it be placed',
  );
}

export function overBudget(): SionError {
  return new SionError(
    'capacity',
    'functions have cost what they may in an hour (SION_MAX_USD_PER_HOUR), and memory takes nothing new; use durability store or journal, raise the bound, or retry later',
  );
}

export function tooLarge(memory: ObjectMemory, sizeBytes: number | undefined): SionError {
  const { maxObjectBytes } = memory.parts;
  const size = sizeBytes === undefined ? 'the object' : `an object of ${sizeBytes} bytes`;
  return new SionError(
    'capacity',
    `${size} is over the ${maxObjectBytes} bytes that memory takes (SION_MAX_PLACED_BYTES); use durability store or journal`,
  );
}

export function noRoom(): SionError {
  return new SionError(
    'unavailable',
    'the functions did not take the object into memory; retry, or use durability store or journal',
  );
}
