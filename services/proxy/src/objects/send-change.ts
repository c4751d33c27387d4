/**
 * One change of one key, carried to where its durability wants it: to the store, to the journal, or to functions alone. Every
 * way is conditional on what the key was believed to have.
 */
import { crc32 } from 'node:zlib';
import type { Clock, Store, StoredMetadata, WriteCondition } from '@sion/components';
import { nameOfKey } from '@sion/core';
import { SionError } from '@sion/wire';
import type { DeferredCondition, DeferredOutcome, DeferredWrites } from '../journal/deferred-writes.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import type { PlacedObject } from '../memory/placed-object.ts';
import type { WritePlan } from './fold.ts';
import type { KnownObject } from './known-object.ts';
import type { Durability, Key, StagedBytes } from './objects.ts';
import { KeptBytes, PlacedBytes, UploadedBytes } from './staged-bytes.ts';
import { placeVolatile } from './volatile-writes.ts';

/** The store as one batch of mutations sees it. */
export interface StoreFaces {
  /** Acknowledges when the store has confirmed. */
  readonly store: Store;
  /** Acknowledges when the journal has it; undefined where there is none, and `journal` means `store`. */
  readonly deferred: DeferredWrites | undefined;
}

export interface SendParts extends StoreFaces {
  readonly clock: Clock;
  readonly memory: ObjectMemory;
}

export interface Change {
  readonly key: Key;
  readonly plan: WritePlan;
  /** What the store or memory has now, expired or not. */
  readonly object: KnownObject | undefined | 'unknown';
  readonly version: string;
  readonly place: boolean;
  readonly durability: Durability;
}

export interface Landed {
  readonly object: KnownObject | undefined;
  /** What the acknowledgement stands on in the end. */
  readonly by: Durability;
  /** Of what is in memory alone. */
  readonly placed?: PlacedObject;
}

/** Rejects when it failed; `conflict` when the object was not what was believed. */
export async function sendChange(
  parts: SendParts,
  change: Change,
  plan: Exclude<WritePlan, { kind: 'none' }>,
  before: KnownObject | undefined,
): Promise<Landed | 'conflict'> {
  if (plan.kind === 'delete') return await sendDelete(parts, change, before);
  if (plan.kind === 'expire') return await sendExpiry(parts, change, plan.expiresAtMs, before);
  const bytes = plan.bytes instanceof Uint8Array ? new KeptBytes(plan.bytes) : plan.bytes;
  const metadata = withExpiry(
    {
      version: change.version,
      crc32: checksumOf(bytes),
      ...(plan.contentType === undefined ? {} : { contentType: plan.contentType }),
      ...(plan.user === undefined ? {} : { user: plan.user }),
    },
    plan.expiresAtMs,
  );
  // What lies in memory alone already can only be acknowledged by that.
  if (bytes instanceof PlacedBytes || (change.durability === 'memory' && bytes instanceof KeptBytes)) {
    const placing = await placeVolatile(parts, { key: change.key, before, bytes, metadata, place: change.place });
    return placing === 'conflict' ? 'conflict' : { ...placing, by: 'memory' };
  }
  return await sendWrite(parts, change, bytes, metadata);
}

async function sendDelete(
  { store, deferred }: SendParts,
  { durability }: Change,
  before: KnownObject | undefined,
): Promise<Landed | 'conflict'> {
  if (before === undefined || before.volatile === true) return { object: undefined, by: durability };
  if (durability === 'journal' && deferred !== undefined) {
    const { kind, by } = await deferred.delete(before);
    return kind === 'conflict' ? 'conflict' : { object: undefined, by };
  }
  const { kind } = await store.delete(before.name, before.etag);
  return kind === 'conflict' ? 'conflict' : { object: undefined, by: 'store' };
}

async function sendExpiry(
  { store, deferred }: SendParts,
  { durability, version }: Change,
  expiresAtMs: number | undefined,
  before: KnownObject | undefined,
): Promise<Landed | 'conflict'> {
  if (before === undefined) throw new SionError('internal', 'an expiry was decided for an object that is not there');
  const { expiresAtMs: _, ...kept } = before.metadata;
  const metadata = withExpiry({ ...kept, version: kept.version ?? version }, expiresAtMs);
  if (before.volatile === true) return { object: { ...before, metadata }, by: 'memory' };
  const outcome: DeferredOutcome =
    durability === 'journal' && deferred !== undefined
      ? await deferred.replaceMetadata(before, metadata)
      : { ...(await store.replaceMetadata(before.name, before.etag, metadata)), by: 'store' };
  if (outcome.kind !== 'written') return 'conflict';
  return { object: { ...before, etag: outcome.etag, metadata }, by: outcome.by };
}

async function sendWrite(
  parts: SendParts,
  change: Change,
  bytes: StagedBytes,
  metadata: StoredMetadata,
): Promise<Landed | 'conflict'> {
  const { object } = change;
  const name = nameOfKey(change.key);
  const condition = conditionOf(object);
  const outcome = await putBytes(parts, change, bytes, metadata, condition);
  if (outcome.kind !== 'written') return 'conflict';
  if (bytes instanceof UploadedBytes) bytes.markCommitted();
  const modifiedMs = parts.clock.wallMs();
  return { object: { name, sizeBytes: bytes.sizeBytes, etag: outcome.etag, modifiedMs, metadata }, by: outcome.by };
}

/** Only journaled writes can do without knowing what is there. */
function conditionOf(object: Change['object']): DeferredCondition {
  if (object === 'unknown') return { kind: 'unknown' };
  return object === undefined || object.volatile === true ? { kind: 'absent' } : { kind: 'match', etag: object.etag };
}

async function putBytes(
  parts: SendParts,
  change: Change,
  bytes: StagedBytes,
  metadata: StoredMetadata,
  condition: DeferredCondition,
): Promise<DeferredOutcome> {
  const { store, deferred } = parts;
  const name = nameOfKey(change.key);
  const uploading = bytes instanceof UploadedBytes ? bytes.uploading : undefined;
  if (uploading?.into === 'journal') {
    const outcome = await uploading.upload.commit(metadata, condition);
    if (outcome.kind !== 'written' || change.durability !== 'store' || deferred === undefined) return outcome;
    return { ...(await deferred.confirm(name)), by: 'store' };
  }
  if (bytes instanceof KeptBytes && change.durability === 'journal' && deferred !== undefined) {
    return await deferred.put(name, bytes.bytes, metadata, condition);
  }
  const known = condition.kind === 'unknown' ? await knownCondition(store, name) : condition;
  if (uploading !== undefined) return { ...(await uploading.upload.commit(metadata, known)), by: 'store' };
  if (bytes instanceof KeptBytes) return { ...(await store.put(name, bytes.bytes, metadata, known)), by: 'store' };
  throw new SionError('internal', 'staged bytes of an unknown kind');
}

async function knownCondition(store: Store, name: string): Promise<WriteCondition> {
  const object = await store.head(name);
  return object === undefined ? { kind: 'absent' } : { kind: 'match', etag: object.etag };
}

function checksumOf(bytes: StagedBytes): number {
  return bytes instanceof KeptBytes ? crc32(bytes.bytes) : 'crc32' in bytes ? Number(bytes.crc32) : 0;
}

function withExpiry(metadata: StoredMetadata, expiresAtMs: number | undefined): StoredMetadata {
  return expiresAtMs === undefined ? metadata : { ...metadata, expiresAtMs };
}
