/**
 * Reading objects: from memory where the directory knows chunks of the current version, else from the store in one
 * request, whose bytes go to memory as they pass by. Every store read of a known version carries its ETag; when that
 * fails, the version is superseded and the read starts over, unless bytes were sent already: then it is cut.
 */
import type { ByteRange, Clock, Store, StoredObject } from '@sion/components';
import { isExpired, isWorthPlacing, nameOfKey, type PlacingRead } from '@sion/core';
import { SionError } from '@sion/wire';
import type { HotObjects } from '../hot/hot-objects.ts';
import { keepHot } from '../hot/keep-hot.ts';
import { takeHot } from '../hot/read-hot.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import { isGone, isReadable } from '../memory/placed-object.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { JointRead, JointReads, StoreAnswer } from './joint-reads.ts';
import type { KeyTurns } from './key-turns.ts';
import { type Entry, infoOf, type Knowledge, type Lookup } from './knowledge.ts';
import type { KnownObject } from './known-object.ts';
import { lookUp } from './lookups.ts';
import { MemoryBody, Superseded } from './memory-body.ts';
import type { Key, ObjectBody, ObjectInfo, ObjectRange, ReadOptions, ReadOutcome, ReadTrace } from './objects.ts';
import { readyBody } from './ready-body.ts';
import { absoluteRange, resolveRange } from './requested-range.ts';
import { StoreReadBody } from './store-read.ts';
import type { LeaseProof } from './writes.ts';

export interface ReadParts {
  readonly clock: Clock;
  readonly store: Store;
  readonly lease: LeaseProof;
  readonly knowledge: Knowledge;
  readonly memory: ObjectMemory;
  /** Undefined where there is none, and for reads that are to go past it. */
  readonly hot: HotObjects | undefined;
  readonly budget: ByteBudget;
  readonly joint: JointReads;
  readonly countGet: Metrics['countGet'];
  readonly turns: KeyTurns;
  readonly hedgeMs: number;
  readonly fetchTimeoutMs: number;
  /** When objects that a read found in the store only are taken to memory; `always` also beside another read that does. */
  readonly placeOnRead: PlacingRead | 'always';
  /** An expired object was met: it should leave the store. */
  readonly onExpired: (key: Key) => void;
  readonly onPlacing: (placing: Promise<void>) => void;
}

const maxAttempts = 8;

export async function readObject(parts: ReadParts, key: Key, options: ReadOptions = {}): Promise<ReadOutcome> {
  const begunMs = parts.clock.monotonicMs();
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    parts.lease.assertHeld();
    const outcome = await keepHot(parts, key, await readOnce(parts, key, options, begunMs));
    if (outcome === 'superseded') {
      await parts.turns.settled(key);
      continue;
    }
    if (!parts.lease.isHeld()) {
      if (outcome.kind === 'hit') outcome.body.cancel();
      parts.lease.assertHeld();
    }
    if (outcome.kind === 'miss') parts.countGet('miss', 0, (parts.clock.monotonicMs() - begunMs) / 1000);
    return outcome;
  }
  throw keptChanging();
}

function keptChanging(): SionError {
  return new SionError(
    'unavailable',
    'the object kept being replaced while it was read, or has expired and could not be taken from the store; retry later',
  );
}

/** Info without bytes; undefined = no such object. */
export async function readInfo(parts: ReadParts, key: Key): Promise<ObjectInfo | undefined> {
  const { lease, knowledge, store, turns } = parts;
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    lease.assertHeld();
    const { object, isSettled, isBlind } = await lookUp(knowledge, store, key);
    lease.assertHeld();
    if (isBlind === true) {
      await turns.settled(key);
      continue;
    }
    if (object === undefined) return undefined;
    if (!isExpired(object.metadata.expiresAtMs, lease.expiryNowMs())) return infoOf(object);
    if (missExpired(parts, key, isSettled) !== 'superseded') return undefined;
    await turns.settled(key);
  }
  throw keptChanging();
}

/**
 * One attempt, for whoever has the key's turn: a read that has to start over waits for that turn to end, which would be
 * for ever here.
 */
export async function readInTurn(parts: ReadParts, key: Key): Promise<ReadOutcome | 'superseded'> {
  return await readOnce(parts, key, {}, parts.clock.monotonicMs());
}

async function readOnce(
  parts: ReadParts,
  key: Key,
  options: ReadOptions,
  begunMs: number,
): Promise<ReadOutcome | 'superseded'> {
  const { knowledge, store } = parts;
  const believed = knowledge.get(key);
  const needsSize = options.range !== undefined && 'suffix' in options.range;
  if (believed?.confirmed === false || (believed === undefined && needsSize)) await lookUp(knowledge, store, key);
  const entry = knowledge.get(key);
  if (entry?.confirmed) return await readEntry(parts, entry, options, begunMs);
  if (entry === undefined && knowledge.isAbsent(key)) return { kind: 'miss' };
  return await readUnknown(parts, key, options, begunMs);
}

async function readEntry(
  parts: ReadParts,
  entry: Entry,
  options: ReadOptions,
  begunMs: number,
): Promise<ReadOutcome | 'superseded'> {
  const { object, key } = entry;
  if (isExpired(object.metadata.expiresAtMs, parts.lease.expiryNowMs()))
    return missExpired(parts, key, !parts.knowledge.isWriting(key));
  const range = resolveRange(object.sizeBytes, options.range);
  if (range === undefined) return { kind: 'outside', info: infoOf(object) };
  const hot = takeHot(parts, entry);
  if (hot !== undefined)
    return hit(object, range, bodyHere(parts, 'hot', hot.subarray(range.start, range.end), begunMs));
  if (entry.placed !== undefined && isGone(entry.placed)) parts.knowledge.unplace(entry);
  if (entry.placed?.present && mayReadMemory(parts, object)) {
    return await readMemory(parts, entry, range, options, begunMs);
  }
  if (range.start === range.end) return hit(object, range, bodyHere(parts, 'memory', new Uint8Array(0), begunMs));
  if (object.volatile === true) return forgetVolatile(parts, entry);
  if (range.end - range.start === object.sizeBytes) return await readWholeEntry(parts, entry, options, begunMs);
  const got = await parts.store.get(object.name, { ifMatch: object.etag, range });
  if (got.kind === 'hit')
    return hit(object, range, storeBody(parts, { entry, object, got: got.body, range, options, begunMs }));
  if (entry.object === object) entry.confirmed = false;
  return 'superseded';
}

/** What memory alone has is read there at any price. */
function mayReadMemory({ memory }: ReadParts, object: KnownObject): boolean {
  return memory.isOpen && (object.volatile === true || !memory.isSaving);
}

/** All of what is believed, from the store, by a request that reads at the same time share. */
async function readWholeEntry(
  parts: ReadParts,
  entry: Entry,
  options: ReadOptions,
  begunMs: number,
): Promise<ReadOutcome | 'superseded'> {
  const { object } = entry;
  const { name, etag } = object;
  const known = { entry, isValid: true, isBlind: false };
  const ask = async () => ({ ...known, got: await parts.store.get(name, { ifMatch: etag }) });
  const read = parts.joint.read(name, { etag }, ask);
  const { got } = await read.answer;
  if (got.kind === 'hit') return hitWhole(parts, read, { entry, object, options, begunMs });
  if (entry.object === object) entry.confirmed = false;
  return 'superseded';
}

/** The body of a request that others may share; it starts over when that is not to be had any more. */
function hitWhole(
  parts: ReadParts,
  read: JointRead,
  input: Omit<StoreBodyInput, 'got' | 'range'>,
): ReadOutcome | 'superseded' {
  const { object } = input;
  const range = { start: 0, end: object.sizeBytes };
  const body = read.take(async (start) => {
    const rest = await parts.store.get(object.name, { ifMatch: object.etag, range: { start, end: object.sizeBytes } });
    if (rest.kind === 'hit') return rest.body;
    throw new Superseded();
  });
  if (body === undefined) return 'superseded';
  return hit(object, range, storeBody(parts, { ...input, got: body, range }));
}

async function readMemory(
  parts: ReadParts,
  entry: Entry,
  range: ObjectRange,
  options: ReadOptions,
  begunMs: number,
): Promise<ReadOutcome | 'superseded'> {
  const { object, placed } = entry;
  if (placed === undefined) return 'superseded';
  const body = new MemoryBody({
    memory: parts.memory,
    object: placed,
    range,
    budget: parts.budget,
    hedgeMs: parts.hedgeMs,
    fetchTimeoutMs: parts.fetchTimeoutMs,
    readStore: (wanted) => readStoreRange(parts, entry, wanted),
    isInStore: object.volatile !== true,
    onRepair: parts.onPlacing,
    onEnd: (trace, finished) => countEnd(parts, trace, finished, range, begunMs),
    ...(options.account === undefined ? {} : { account: options.account }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  try {
    await body.prime();
  } catch (thrown) {
    if (!(thrown instanceof Superseded)) throw thrown;
    return 'superseded';
  }
  return hit(object, range, body);
}

/** A key that nothing is believed about: one GET tells and brings the bytes. */
async function readUnknown(
  parts: ReadParts,
  key: Key,
  options: ReadOptions,
  begunMs: number,
): Promise<ReadOutcome | 'superseded'> {
  if (options.range !== undefined && 'suffix' in options.range)
    return await readUnknownSuffix(parts, key, options, begunMs);
  const wanted = absoluteRange(options.range);
  const read = wanted === undefined ? readJointly(parts, key) : undefined;
  const { got, entry, isValid, isBlind } = await (read?.answer ??
    ask(parts, key, parts.knowledge.beginLookup(key), wanted));
  if (got.kind === 'superseded') return 'superseded';
  // What is in memory alone is believed nonetheless.
  if (got.kind === 'miss') return isBlind || entry !== undefined ? 'superseded' : { kind: 'miss' };
  const { object } = got;
  if (isExpired(object.metadata.expiresAtMs, parts.lease.expiryNowMs())) {
    if (read !== undefined) read.take(undefined);
    else if (got.kind === 'hit') got.body.cancel();
    return missExpired(parts, key, isValid);
  }
  if (read !== undefined && got.kind === 'hit') return hitWhole(parts, read, { entry, object, options, begunMs });
  if (got.kind === 'outside') {
    return object.sizeBytes === 0 && options.range === undefined
      ? hit(object, { start: 0, end: 0 }, bodyHere(parts, 'memory', new Uint8Array(0), begunMs))
      : { kind: 'outside', info: infoOf(object) };
  }
  return hit(object, got.range, storeBody(parts, { entry, object, got: got.body, range: got.range, options, begunMs }));
}

/** The request of another read of the key, if that may be joined, or one of its own. */
function readJointly(parts: ReadParts, key: Key): JointRead {
  const { knowledge, joint } = parts;
  const name = nameOfKey(key);
  const present = joint.join(name, {});
  if (present !== undefined) return present;
  const lookup = knowledge.beginLookup(key);
  return joint.read(name, { lookup }, () => ask(parts, key, lookup, undefined));
}

/** Asks the store for what the key has; the lookup is over then. */
async function ask(
  { knowledge, store }: ReadParts,
  key: Key,
  lookup: Lookup,
  range: ByteRange | undefined,
): Promise<StoreAnswer> {
  const got = await store.get(nameOfKey(key), range === undefined ? {} : { range }).catch((thrown: unknown) => {
    knowledge.endLookup(lookup, 'failed');
    throw thrown;
  });
  const found = got.kind === 'miss' ? undefined : got.kind === 'superseded' ? 'failed' : got.object;
  const entry = knowledge.endLookup(lookup, found);
  return { got, entry, isValid: lookup.valid, isBlind: lookup.isBlind };
}

/** The last bytes of an object of unknown size, while a write of its key is under way: its size is asked for first. */
async function readUnknownSuffix(
  parts: ReadParts,
  key: Key,
  options: ReadOptions,
  begunMs: number,
): Promise<ReadOutcome | 'superseded'> {
  const { object, isSettled, isBlind } = await lookUp(parts.knowledge, parts.store, key);
  if (isBlind === true) return 'superseded';
  if (object === undefined) return { kind: 'miss' };
  if (isExpired(object.metadata.expiresAtMs, parts.lease.expiryNowMs())) return missExpired(parts, key, isSettled);
  const range = resolveRange(object.sizeBytes, options.range);
  if (range === undefined) return { kind: 'outside', info: infoOf(object) };
  const got = await parts.store.get(object.name, { ifMatch: object.etag, range });
  if (got.kind !== 'hit') return 'superseded';
  return hit(object, range, storeBody(parts, { entry: undefined, object, got: got.body, range, options, begunMs }));
}

/**
 * An expired object is no object, unless a write of its key is under way or has overtaken what was found: that one may
 * have been decided in time, and its result would then be of an object that a later read has not found. And when a write of
 * unknown result may still put something in its place, the object has to leave the store before anybody is told that it is no more.
 */
function missExpired(parts: ReadParts, key: Key, isSettled: boolean): ReadOutcome | 'superseded' {
  if (!isSettled || parts.knowledge.reconsider(key)) return 'superseded';
  parts.onExpired(key);
  return parts.knowledge.mayYetChange(key) ? 'superseded' : { kind: 'miss' };
}

interface StoreBodyInput {
  readonly entry: Entry | undefined;
  readonly object: StoredObject;
  readonly got: ConstructorParameters<typeof StoreReadBody>[0]['body'];
  readonly range: ObjectRange;
  readonly options: ReadOptions;
  readonly begunMs: number;
}

function storeBody(parts: ReadParts, input: StoreBodyInput): ObjectBody {
  const { entry, object, range, options } = input;
  const whole = range.start === 0 && range.end === object.sizeBytes;
  const isForced = parts.placeOnRead === 'always';
  const isFree = entry?.placed === undefined && (isForced || entry?.loading === false);
  const isWanted = parts.placeOnRead === 'always' || isWorthPlacing(parts.placeOnRead, entry?.storeReads ?? 0);
  const placing = whole && isWanted && entry !== undefined && isFree;
  if (whole && !isForced && entry !== undefined) entry.storeReads++;
  const writer = placing ? parts.memory.beginWrite(object.sizeBytes) : undefined;
  const isLoader = placing && writer !== undefined && !entry.loading;
  if (isLoader) entry.loading = true;
  return new StoreReadBody({
    body: input.got,
    sizeBytes: range.end - range.start,
    ...(whole && object.metadata.crc32 !== undefined ? { crc32: object.metadata.crc32 } : {}),
    ...(writer === undefined ? {} : { writer }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onEnd: (trace, finished) => {
      if (entry !== undefined && writer !== undefined) {
        if (isLoader) entry.loading = false;
        if (finished) {
          parts.onPlacing(
            writer.finish().then(async (placed) => {
              if (placed !== undefined) parts.knowledge.place(entry, placed);
              await writer.settled();
            }),
          );
        }
      }
      countEnd(parts, trace, finished, range, input.begunMs);
    },
  });
}

/** Memory was all that had it: from now on it is a miss. */
function forgetVolatile(parts: ReadParts, entry: Entry): 'superseded' {
  if (parts.knowledge.peek(entry.key) === entry) parts.knowledge.forget(entry.key);
  return 'superseded';
}

/** Memory does not give the bytes, and nothing else has them. */
function volatileLost(parts: ReadParts, entry: Entry): Error {
  if (entry.placed !== undefined && isReadable(entry.placed)) {
    const message = 'the functions that hold the object do not answer, and it is nowhere else; retry later';
    return new SionError('unavailable', message);
  }
  forgetVolatile(parts, entry);
  return new Superseded();
}

/** Bytes of the entry's version, and of no other. Its ETag changes with its expiry: that is waited for, if it is under way. */
export async function readStoreRange(parts: ReadParts, entry: Entry, range: ByteRange): Promise<Uint8Array> {
  const { object, key } = entry;
  if (object.volatile === true) throw volatileLost(parts, entry);
  const got = await parts.store.get(object.name, { ifMatch: object.etag, range });
  if (got.kind !== 'hit') {
    if (parts.knowledge.isWriting(key)) await parts.turns.settled(key);
    if (entry.object !== object) return await readStoreRange(parts, entry, range);
    entry.confirmed = false;
    throw new Superseded();
  }
  const pieces: Uint8Array[] = [];
  let receivedBytes = 0;
  for await (const piece of got.body) {
    pieces.push(piece);
    receivedBytes += piece.length;
  }
  if (receivedBytes === range.end - range.start) return Buffer.concat(pieces, receivedBytes);
  const message = `the store gave ${receivedBytes} of ${range.end - range.start} bytes; read the object again`;
  throw new SionError('unavailable', message);
}

function hit(object: StoredObject, range: ObjectRange, body: ObjectBody): ReadOutcome {
  return { kind: 'hit', info: infoOf(object), range, body };
}

function countEnd(parts: ReadParts, trace: ReadTrace, finished: boolean, range: ObjectRange, begunMs: number): void {
  if (!finished) return;
  parts.countGet(trace.source, range.end - range.start, (parts.clock.monotonicMs() - begunMs) / 1000);
}

/** Of bytes that need not be waited for. */
function bodyHere(parts: ReadParts, source: ReadTrace['source'], bytes: Uint8Array, begunMs: number): ObjectBody {
  parts.countGet(source, bytes.length, (parts.clock.monotonicMs() - begunMs) / 1000);
  return readyBody(bytes, { source, nodes: 0, storeRequests: 0 });
}
