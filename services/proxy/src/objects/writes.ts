/**
 * Carrying mutations out: decides a key's waiting mutations against its current object, folds them into one conditional
 * store request, and settles them when that has landed. The acknowledgement is `store`: nobody is told of a change
 * before the store has confirmed it and the lease still holds.
 *
 * Must never write without a condition, nor acknowledge what it cannot prove.
 */
import { crc32 } from 'node:zlib';
import type { Clock, Store, StoredMetadata, StoredObject, WriteCondition, WriteOutcome } from '@sion/components';
import { formatLayoutId, isExpired, type LayoutId, nameOfKey } from '@sion/core';
import { asSionError, SionError } from '@sion/wire';
import type { LeaseKeeper } from '../lease/lease-keeper.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import type { ObjectWriter } from '../memory/object-writer.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { type Folded, foldMutations, valueLimit, type WritePlan } from './fold.ts';
import type { PendingMutation } from './key-turns.ts';
import { type Entry, infoOf, type Knowledge } from './knowledge.ts';
import { lookUp } from './lookups.ts';
import type { CurrentObject, Key } from './objects.ts';
import { accountedStore, accountsOf } from './request-account.ts';
import { KeptBytes, UploadedBytes } from './staging.ts';

/** What of the lease the engine needs. */
export type LeaseProof = Pick<LeaseKeeper, 'assertHeld' | 'isHeld' | 'expiryNowMs'>;

export interface WriteParts {
  readonly clock: Clock;
  readonly store: Store;
  readonly lease: LeaseProof;
  readonly knowledge: Knowledge;
  readonly memory: ObjectMemory;
  readonly metrics: Metrics;
  readonly nextVersion: () => LayoutId;
  /** Reads the value of exactly this version; undefined when another one is there now. */
  readonly readValue: (key: Key, object: StoredObject) => Promise<Uint8Array | undefined>;
  /** A key was made (+1) or has left the store (−1). */
  readonly onCounted: (name: string, change: 1 | -1) => void;
  /** An object with an expiry became current. */
  readonly onExpiring: (key: Key, expiresAtMs: number) => void;
  /** A placing that goes on after the acknowledgement. */
  readonly onPlacing: (placing: Promise<void>) => void;
}

/** How often a batch is decided anew when others changed the object underneath. */
const maxAttempts = 8;

interface Landed {
  readonly object: StoredObject | undefined;
}

export async function processBatch(
  unaccounted: WriteParts,
  key: Key,
  batch: readonly PendingMutation[],
): Promise<number> {
  const accounts = accountsOf(...batch.map((pending) => pending.options));
  const parts = { ...unaccounted, store: accountedStore(unaccounted.store, accounts) };
  const version = formatLayoutId(parts.nextVersion());
  let folded: Folded | undefined;
  try {
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      parts.lease.assertHeld();
      const { object } = await lookUp(parts.knowledge, parts.store, key);
      const current = await currentOf(parts, key, object, batch);
      if (current === 'changed') continue;
      // From here on nothing waits until the write is known to be under way: readers judge expiry by that.
      parts.lease.assertHeld();
      const nowMs = parts.lease.expiryNowMs();
      const live = object !== undefined && !isExpired(object.metadata.expiresAtMs, nowMs) ? object : undefined;
      folded = foldMutations(
        batch.map((pending) => pending.mutation),
        live === undefined ? undefined : current,
        nowMs,
      );
      const plan: WritePlan =
        folded.plan.kind === 'none' && object !== undefined && live === undefined ? { kind: 'delete' } : folded.plan;
      const landed = await carryOut(parts, { key, plan, object, version, place: placeOf(plan, batch) });
      if (landed === 'conflict') continue;
      proveLease(parts, key, plan);
      await settle(parts, folded, batch, landed);
      return folded.outcomes.length;
    }
    throw new SionError('unavailable', 'the object kept changing in the store underneath; retry later');
  } catch (thrown) {
    return fail(batch, folded, asSionError(thrown), parts.lease.isHeld());
  }
}

function placeOf(plan: WritePlan, batch: readonly PendingMutation[]): boolean {
  return plan.kind === 'write' && batch[plan.position]?.options.place !== false;
}

async function currentOf(
  parts: WriteParts,
  key: Key,
  object: StoredObject | undefined,
  batch: readonly PendingMutation[],
): Promise<CurrentObject | undefined | 'changed'> {
  if (object === undefined || isExpired(object.metadata.expiresAtMs, parts.lease.expiryNowMs())) return undefined;
  const info = infoOf(object);
  const limit = valueLimit(batch.map((pending) => pending.mutation));
  if (limit === undefined || object.sizeBytes > limit) return { info };
  const value = await parts.readValue(key, object);
  return value === undefined ? 'changed' : { info, value };
}

interface Change {
  readonly key: Key;
  readonly plan: WritePlan;
  /** What the store has now, expired or not. */
  readonly object: StoredObject | undefined;
  readonly version: string;
  readonly place: boolean;
}

/** One store request, or none. Rejects when it failed; `conflict` when the object was not what we believed. */
async function carryOut(parts: WriteParts, change: Change): Promise<Landed | 'conflict'> {
  const { key, plan, object } = change;
  if (plan.kind === 'none') return { object };
  const { knowledge } = parts;
  knowledge.beginWrite(key, object?.etag);
  try {
    const outcome = await sendChange(parts, change, plan);
    if (outcome === 'conflict') {
      knowledge.failWrite(key, true);
      knowledge.forget(key);
      return 'conflict';
    }
    const entry = knowledge.endWrite(key, outcome.object);
    if ((object === undefined) !== (outcome.object === undefined)) {
      parts.onCounted(nameOfKey(key), object === undefined ? 1 : -1);
    }
    if (plan.kind === 'write' && entry !== undefined) placeWritten(parts, entry, plan.bytes, change.place);
    if (outcome.object?.metadata.expiresAtMs !== undefined) parts.onExpiring(key, outcome.object.metadata.expiresAtMs);
    return outcome;
  } catch (thrown) {
    const error = asSionError(thrown);
    knowledge.failWrite(key, error.code !== 'indeterminate' && error.code !== 'internal');
    throw error;
  }
}

async function sendChange(
  parts: WriteParts,
  change: Change,
  plan: Exclude<WritePlan, { kind: 'none' }>,
): Promise<Landed | 'conflict'> {
  const { object } = change;
  if (plan.kind === 'delete') {
    if (object === undefined) return { object: undefined };
    const outcome = await parts.store.delete(object.name, object.etag);
    return outcome.kind === 'conflict' ? 'conflict' : { object: undefined };
  }
  if (plan.kind === 'expire') {
    if (object === undefined) throw new SionError('internal', 'an expiry was decided for an object that is not there');
    const { expiresAtMs: _, ...kept } = object.metadata;
    const metadata = withExpiry({ ...kept, version: kept.version ?? change.version }, plan.expiresAtMs);
    const outcome = await parts.store.replaceMetadata(object.name, object.etag, metadata);
    return outcome.kind === 'conflict' ? 'conflict' : { object: { ...object, etag: outcome.etag, metadata } };
  }
  return await sendWrite(parts, change, plan);
}

async function sendWrite(
  parts: WriteParts,
  change: Change,
  plan: Extract<WritePlan, { kind: 'write' }>,
): Promise<Landed | 'conflict'> {
  const { object, version } = change;
  const name = nameOfKey(change.key);
  const bytes = plan.bytes instanceof Uint8Array ? new KeptBytes(plan.bytes) : plan.bytes;
  const condition: WriteCondition = object === undefined ? { kind: 'absent' } : { kind: 'match', etag: object.etag };
  const checksum = bytes instanceof UploadedBytes ? bytes.crc32 : bytes instanceof KeptBytes ? crc32(bytes.bytes) : 0;
  const metadata = withExpiry(
    {
      version,
      crc32: checksum,
      ...(plan.contentType === undefined ? {} : { contentType: plan.contentType }),
      ...(plan.user === undefined ? {} : { user: plan.user }),
    },
    plan.expiresAtMs,
  );
  let outcome: WriteOutcome;
  if (bytes instanceof UploadedBytes) outcome = await bytes.upload.commit(metadata, condition);
  else if (bytes instanceof KeptBytes) outcome = await parts.store.put(name, bytes.bytes, metadata, condition);
  else throw new SionError('internal', 'staged bytes of an unknown kind');
  if (outcome.kind === 'conflict') return 'conflict';
  if (bytes instanceof UploadedBytes) bytes.markCommitted();
  const modifiedMs = parts.clock.wallMs();
  return { object: { name, sizeBytes: bytes.sizeBytes, etag: outcome.etag, modifiedMs, metadata } };
}

/** Gives the written bytes their place in memory, in the background. */
function placeWritten(
  parts: WriteParts,
  entry: Entry,
  bytes: Extract<WritePlan, { kind: 'write' }>['bytes'],
  place: boolean,
): void {
  const writer = writerOf(parts, bytes, place);
  if (writer === undefined) return;
  const placing = async () => {
    if (bytes instanceof Uint8Array) await writer.offer(bytes);
    else if (bytes instanceof KeptBytes) await writer.offer(bytes.bytes);
    const placed = await writer.finish();
    if (placed !== undefined) parts.knowledge.place(entry, placed);
    await writer.settled();
  };
  parts.onPlacing(placing());
}

function writerOf(
  parts: WriteParts,
  bytes: Extract<WritePlan, { kind: 'write' }>['bytes'],
  place: boolean,
): ObjectWriter | undefined {
  if (bytes instanceof UploadedBytes) return bytes.writer;
  if (!place) return undefined;
  return parts.memory.beginWrite(bytes instanceof Uint8Array ? bytes.length : bytes.sizeBytes);
}

/** What has landed may only be acknowledged while nobody else can have taken over. */
function proveLease(parts: WriteParts, key: Key, plan: WritePlan): void {
  if (parts.lease.isHeld()) return;
  if (plan.kind === 'none') parts.lease.assertHeld();
  parts.knowledge.failWrite(key, false);
  throw new SionError(
    'indeterminate',
    'the lease lapsed while the change was on its way to the store, so whether it holds is unknown; read the key again',
  );
}

async function settle(
  parts: WriteParts,
  folded: Folded,
  batch: readonly PendingMutation[],
  landed: Landed,
): Promise<void> {
  const seconds = (pending: PendingMutation) => (parts.clock.monotonicMs() - pending.begunMs) / 1000;
  const sizeBytes = landed.object?.sizeBytes ?? 0;
  const last = folded.outcomes.findLastIndex((outcome) => outcome.kind === 'result' && outcome.decided !== 'keep');
  for (const [position, outcome] of folded.outcomes.entries()) {
    const pending = batch[position];
    if (pending === undefined) continue;
    if (outcome.kind === 'error') {
      pending.reject(outcome.error);
      continue;
    }
    if (outcome.decided === 'write') {
      parts.metrics.countPut('store', sizeBytes, seconds(pending));
      const own = folded.plan.kind === 'write' && folded.plan.position === position;
      if (own && landed.object !== undefined) pending.options.onWritten?.(infoOf(landed.object));
    }
    if (outcome.decided === 'expire' && position === last && landed.object !== undefined) {
      pending.options.onWritten?.(infoOf(landed.object));
    }
    if (outcome.decided === 'delete') parts.metrics.countDelete();
    pending.resolve(outcome.result);
  }
  await Promise.all(folded.overwritten.map((bytes) => bytes.discard()));
}

/**
 * Rejects what depended on the write; what was decided before any change stands, if it may be answered. Gives how many
 * were settled.
 */
function fail(
  batch: readonly PendingMutation[],
  folded: Folded | undefined,
  error: SionError,
  mayAnswer: boolean,
): number {
  const stands = mayAnswer && error.code !== 'closed';
  const outcomes = folded?.outcomes ?? [];
  const count = outcomes.length === 0 ? batch.length : outcomes.length;
  for (const [position, pending] of batch.slice(0, count).entries()) {
    const outcome = outcomes[position];
    if (outcome?.kind === 'result' && !outcome.needsWrite && stands) pending.resolve(outcome.result);
    else pending.reject(outcome?.kind === 'error' ? outcome.error : error);
  }
  return count;
}

function withExpiry(metadata: StoredMetadata, expiresAtMs: number | undefined): StoredMetadata {
  return expiresAtMs === undefined ? metadata : { ...metadata, expiresAtMs };
}
