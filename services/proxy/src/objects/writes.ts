/**
 * Carrying mutations out: decides a key's waiting mutations against its current object, folds them into one conditional
 * change, and settles them when that is as durable as the most careful of them asks: confirmed by the store (`store`),
 * durable in the journal (`journal`), or held by functions alone (`memory`). Nobody is told of a change before that, nor
 * without the lease.
 *
 * Must never write without a condition, nor acknowledge what it cannot prove.
 */
import type { Clock, StoredObject } from '@sion/components';
import { formatLayoutId, isExpired, type LayoutId, nameOfKey } from '@sion/core';
import { asSionError, SionError } from '@sion/wire';
import type { HotObjects } from '../hot/hot-objects.ts';
import type { LeaseKeeper } from '../lease/lease-keeper.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import type { ObjectWriter } from '../memory/object-writer.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { strongestDurability } from './durability.ts';
import { type Folded, foldMutations, valueLimit, type WritePlan } from './fold.ts';
import type { PendingMutation } from './key-turns.ts';
import { type Entry, infoOf, type Knowledge, type Move } from './knowledge.ts';
import type { KnownObject } from './known-object.ts';
import { lookUp } from './lookups.ts';
import type { CurrentObject, Durability, Key } from './objects.ts';
import { accountsOf, type RequestAccount } from './request-account.ts';
import { type Change, type Landed, type StoreFaces, sendChange } from './send-change.ts';
import { KeptBytes, PlacedBytes, UploadedBytes } from './staged-bytes.ts';

/** What of the lease the engine needs. */
export type LeaseProof = Pick<LeaseKeeper, 'assertHeld' | 'isHeld' | 'expiryNowMs'>;

export interface WriteParts {
  readonly clock: Clock;
  /** The store, telling these accounts of its requests. */
  readonly storeFor: (accounts: readonly RequestAccount[]) => StoreFaces;
  /** Of mutations that do not say. */
  readonly durability: Durability;
  readonly lease: LeaseProof;
  readonly knowledge: Knowledge;
  readonly memory: ObjectMemory;
  /** Undefined where there is none. */
  readonly hot: HotObjects | undefined;
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

type BatchParts = WriteParts & StoreFaces;

export async function processBatch(
  unaccounted: WriteParts,
  key: Key,
  batch: readonly PendingMutation[],
): Promise<number> {
  const parts = { ...unaccounted, ...unaccounted.storeFor(accountsOf(...batch.map((pending) => pending.options))) };
  const version = formatLayoutId(parts.nextVersion());
  let folded: Folded | undefined;
  try {
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      parts.lease.assertHeld();
      const object = await presentObject(parts, key, batch);
      if (object === 'changed') continue;
      const present = object === 'unknown' ? undefined : object;
      const current = await currentOf(parts, key, present, batch);
      if (current === 'changed' || (present !== undefined && isLost(parts, key, present))) continue;
      // From here on nothing waits until the write is known to be under way: readers judge expiry by that.
      parts.lease.assertHeld();
      const nowMs = parts.lease.expiryNowMs();
      const live = present !== undefined && !isExpired(present.metadata.expiresAtMs, nowMs) ? present : undefined;
      folded = foldMutations(
        batch.map((pending) => pending.mutation),
        live === undefined ? undefined : current,
        nowMs,
      );
      if (folded.plan.kind === 'expire' && parts.knowledge.reconsider(key)) continue;
      const plan: WritePlan =
        folded.plan.kind === 'none' && present !== undefined && live === undefined ? { kind: 'delete' } : folded.plan;
      const durability = object === 'unknown' ? 'journal' : durabilityOf(parts, key, batch, folded);
      const landed = await carryOut(parts, { key, plan, object, version, place: placeOf(plan, batch), durability });
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

/**
 * What the key has now. Journaled writes that ask nothing of it need not know: `unknown`, and no request, so that they go
 * on while the store is away.
 */
async function presentObject(
  parts: BatchParts,
  key: Key,
  batch: readonly PendingMutation[],
): Promise<KnownObject | undefined | 'unknown' | 'changed'> {
  const { knowledge, store, deferred } = parts;
  const asksNothing = batch.every(({ mutation }) => mutation.needs === 'nothing' || mutation.needs === 'hint');
  // One that goes to memory alone has to know what the store has, to delete it.
  const areJournaled = batch.every(({ options }) => (options.durability ?? parts.durability) === 'journal');
  if (asksNothing && areJournaled && deferred !== undefined) {
    const entry = knowledge.get(key);
    if (entry === undefined && !knowledge.isAbsent(key)) return 'unknown';
    if (entry?.confirmed === false && entry.object.volatile !== true) return 'unknown';
  }
  const { object, isBlind } = await lookUp(knowledge, store, key);
  return isBlind === true ? 'changed' : object;
}

/** What was in memory alone has been lost while its value was read: then others may have found nothing. */
function isLost({ knowledge }: WriteParts, key: Key, object: KnownObject): boolean {
  return object.volatile === true && knowledge.peek(key)?.object !== object;
}

/**
 * The most careful that any change of the batch asks for. A journaled change of the expiry alone is void when a write that
 * was given up lands before it is drained; so where that may be, the store has to have it first.
 */
function durabilityOf(
  parts: BatchParts,
  key: Key,
  batch: readonly PendingMutation[],
  { outcomes, plan }: Folded,
): Durability {
  if (plan.kind === 'expire' && parts.knowledge.mayYetChange(key)) return 'store';
  const changes = batch.filter((_, position) => {
    const outcome = outcomes[position];
    return outcome?.kind === 'result' && outcome.decided !== 'keep';
  });
  return strongestDurability(
    changes.map(({ options }) => options.durability),
    parts.durability,
  );
}

function placeOf(plan: WritePlan, batch: readonly PendingMutation[]): boolean {
  return plan.kind === 'write' && batch[plan.position]?.options.place !== false;
}

async function currentOf(
  parts: BatchParts,
  key: Key,
  object: KnownObject | undefined,
  batch: readonly PendingMutation[],
): Promise<CurrentObject | undefined | 'changed'> {
  if (object === undefined || isExpired(object.metadata.expiresAtMs, parts.lease.expiryNowMs())) return undefined;
  const info = infoOf(object);
  const limit = valueLimit(batch.map((pending) => pending.mutation));
  if (limit === undefined || object.sizeBytes > limit) return { info };
  const value = await parts.readValue(key, object);
  return value === undefined ? 'changed' : { info, value };
}

/** One change, or none. Rejects when it failed; `conflict` when the object was not what we believed. */
async function carryOut(parts: BatchParts, change: Change): Promise<Landed | 'conflict'> {
  const { key, plan, object, durability } = change;
  const before = object === 'unknown' ? undefined : object;
  if (plan.kind === 'none') return { object: before, by: durability };
  const { knowledge } = parts;
  knowledge.beginWrite(key, before, moveOf(plan, durability, before));
  try {
    const outcome = await sendChange(parts, change, plan, before);
    if (outcome === 'conflict') {
      knowledge.failWrite(key, true);
      knowledge.forget(key);
      return 'conflict';
    }
    const entry = knowledge.endWrite(key, outcome.object);
    if (object !== 'unknown' && (object === undefined) !== (outcome.object === undefined)) {
      parts.onCounted(nameOfKey(key), object === undefined ? 1 : -1);
    }
    if (entry !== undefined && change.place) keepWritten(parts, entry, plan);
    if (outcome.placed !== undefined && entry !== undefined) knowledge.place(entry, outcome.placed);
    else if (plan.kind === 'write' && entry !== undefined) placeWritten(parts, entry, plan.bytes, change.place);
    if (outcome.object?.metadata.expiresAtMs !== undefined) parts.onExpiring(key, outcome.object.metadata.expiresAtMs);
    return outcome;
  } catch (thrown) {
    const error = asSionError(thrown);
    knowledge.failWrite(key, error.code !== 'indeterminate' && error.code !== 'internal');
    throw error;
  }
}

/** What was written is likely to be read. */
function keepWritten({ hot }: WriteParts, entry: Entry, plan: WritePlan): void {
  if (hot === undefined || plan.kind !== 'write') return;
  if (plan.bytes instanceof Uint8Array) hot.keep(entry, plan.bytes);
  else if (plan.bytes instanceof KeptBytes) hot.keep(entry, plan.bytes.bytes);
}

function moveOf(plan: WritePlan, durability: Durability, before: KnownObject | undefined): Move {
  const isPlaced = plan.kind === 'write' && (plan.bytes instanceof PlacedBytes || durability === 'memory');
  const wasPlaced = before?.volatile === true;
  if (!isPlaced && !wasPlaced) return 'none';
  return before === undefined ? 'appears' : 'moves';
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
    'the lease lapsed while the change was on its way, so whether it holds is unknown; read the key again',
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
      parts.metrics.countPut(landed.by, sizeBytes, seconds(pending));
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
