/**
 * `Objects` in one process's memory, for tests of the fronts: no store, no nodes, the same promises. Mutations of a key
 * are decided in order; expiry follows the clock that the test gives; nothing of an object shows before its mutation. It
 * is a plain record of functions, so that a test replaces one of them by spreading.
 */
import { compareNames, nameOfKey } from '@sion/core';
import type {
  CurrentObject,
  Decision,
  Key,
  KeyPage,
  ListedObject,
  ListRequest,
  Mutation,
  NewBytes,
  ObjectBody,
  ObjectInfo,
  Objects,
  ReadOptions,
  ReadOutcome,
  ReadSource,
  StagedBytes,
  WriteOptions,
} from '@sion/proxy';
import { SionError } from '@sion/wire';

/** What the double lets a test see beside the contract. */
export interface MemoryObjects extends Objects {
  /** Staged bytes that were neither written nor discarded. */
  stagedCount(): number;
  keys(): readonly Key[];
}

export interface MemoryObjectsOptions {
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: () => number;
  /** What reads say of where their bytes came from. */
  readonly source?: ReadSource;
  /** Keys that the hot tier has; none by default. */
  readonly isHot?: (key: Key) => boolean;
  /** Longest piece that a read gives. */
  readonly pieceBytes?: number;
}

interface Version {
  readonly info: ObjectInfo;
  readonly bytes: Uint8Array;
}

export function createMemoryObjects(options: MemoryObjectsOptions): MemoryObjects {
  const versions = new Map<Key, Version>();
  const staged = new Map<StagedBytes, Uint8Array>();
  const turns = new Map<Key, Promise<unknown>>();
  let counter = 0;

  const current = (key: Key): Version | undefined => {
    const version = versions.get(key);
    if (version?.info.expiresAtMs !== undefined && version.info.expiresAtMs <= options.nowMs()) return undefined;
    return version;
  };

  const write = (key: Key, bytes: Uint8Array, decision: Extract<Decision<unknown>, { kind: 'write' }>): ObjectInfo => {
    counter += 1;
    const info: ObjectInfo = {
      sizeBytes: bytes.byteLength,
      etag: `"${counter}"`,
      version: `1.${counter}`,
      modifiedMs: options.nowMs(),
      ...(decision.expiresAtMs === undefined ? {} : { expiresAtMs: decision.expiresAtMs }),
      ...(decision.contentType === undefined ? {} : { contentType: decision.contentType }),
      ...(decision.user === undefined ? {} : { user: decision.user }),
    };
    versions.set(key, { info, bytes });
    return info;
  };

  const expire = (key: Key, expiresAtMs: number | undefined): ObjectInfo => {
    const version = current(key);
    if (version === undefined) throw new SionError('internal', 'expire decided for a key that does not exist');
    counter += 1;
    const { expiresAtMs: _old, ...rest } = version.info;
    const info = { ...rest, version: `1.${counter}`, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) };
    versions.set(key, { ...version, info });
    return info;
  };

  const apply = (key: Key, decision: Decision<unknown>): ObjectInfo | undefined => {
    if (decision.kind === 'delete') versions.delete(key);
    if (decision.kind === 'expire') return expire(key, decision.expiresAtMs);
    if (decision.kind !== 'write') return undefined;
    if (decision.bytes instanceof Uint8Array) return write(key, decision.bytes.slice(), decision);
    const bytes = staged.get(decision.bytes);
    if (bytes === undefined) throw new SionError('internal', 'the staged bytes were used or discarded before');
    staged.delete(decision.bytes);
    return write(key, bytes, decision);
  };

  return {
    nowMs: options.nowMs,
    readHot: (key: Key) => (options.isHot?.(key) === true ? current(key)?.bytes : undefined),
    sizeHint: (key: Key) => current(key)?.bytes.byteLength ?? 0,
    async read(key: Key, readOptions: ReadOptions = {}): Promise<ReadOutcome> {
      readOptions.signal?.throwIfAborted();
      const version = current(key);
      if (version === undefined) return { kind: 'miss' };
      const range = clip(readOptions, version.bytes.byteLength);
      if (range === undefined) return { kind: 'outside', info: version.info };
      const body = bodyOf(version.bytes.subarray(range.start, range.end), options);
      return { kind: 'hit', info: version.info, range, body };
    },
    async info(key: Key): Promise<ObjectInfo | undefined> {
      return current(key)?.info;
    },
    async stage(_key: Key, bytes: NewBytes): Promise<StagedBytes> {
      const all = await gather(bytes);
      const handle: StagedBytes = {
        sizeBytes: all.byteLength,
        async discard() {
          staged.delete(handle);
        },
      };
      staged.set(handle, all);
      return handle;
    },
    async mutate<R>(key: Key, mutation: Mutation<R>, writeOptions: WriteOptions = {}): Promise<R> {
      const before = turns.get(key) ?? Promise.resolve();
      const turn = before.then(() => {
        const decision = mutation.decide(seen(mutation, current(key)), options.nowMs());
        const info = apply(key, decision);
        if (info !== undefined) writeOptions.onWritten?.(info);
        return decision.result;
      });
      turns.set(
        key,
        turn.catch(() => {}),
      );
      return turn;
    },
    async list(request: ListRequest): Promise<KeyPage> {
      const live = [...versions.keys()].flatMap((key) => {
        const info = current(key)?.info;
        return info === undefined ? [] : { key, info };
      });
      return pageOf(live, request);
    },
    estimateCount: async () => [...versions.keys()].filter((key) => current(key) !== undefined).length,
    invalidate: async (key: Key) => versions.has(key),
    invalidatePrefix: async (prefix: Key) => [...versions.keys()].filter((key) => key.startsWith(prefix)).length,
    warm: async (key: Key) => (current(key) === undefined ? 'missing' : 'held'),
    places: () => undefined,
    stagedCount: () => staged.size,
    keys: () => [...versions.keys()].filter((key) => current(key) !== undefined),
  };
}

/** A common prefix stands where the last of its keys does. */
function pageOf(live: readonly ListedObject[], { prefix, delimiter = '', after = '', limit }: ListRequest): KeyPage {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new SionError('invalid', `no limit: ${limit}`);
  if (!/^([0-9a-f]{2})*$/.test(after)) throw new SionError('invalid', 'no page has given this token');
  const position = Buffer.from(after, 'hex').toString();
  const items = new Map<string, { readonly name: string; readonly object?: ListedObject }>();
  const sorted = live.toSorted((a, b) => compareNames(nameOfKey(a.key), nameOfKey(b.key)));
  for (const object of sorted) {
    const { key } = object;
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const name = nameOfKey(key);
    if (end < 0) items.set(`key ${key}`, { name, object });
    else items.set(`prefix ${key.slice(0, end + delimiter.length)}`, { name });
  }
  const left = [...items]
    .filter(([, { name }]) => compareNames(name, position) > 0)
    .sort(([, a], [, b]) => compareNames(a.name, b.name));
  const page = left.slice(0, limit);
  return {
    objects: page.flatMap(([, { object }]) => object ?? []),
    commonPrefixes: page.flatMap(([label, { object }]) => (object === undefined ? label.slice('prefix '.length) : [])),
    ...(left.length > limit ? { next: Buffer.from(page.at(-1)?.[1].name ?? '').toString('hex') } : {}),
  };
}

/** A body over bytes that are at hand, in pieces; for tests that answer a read by themselves. */
export function bodyOf(
  bytes: Uint8Array,
  options: { readonly source?: ReadSource; readonly pieceBytes?: number } = {},
): ObjectBody {
  const pieceBytes = options.pieceBytes ?? 64 * 1024;
  const reading = { cancelled: false };
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let start = 0; start < bytes.byteLength && !reading.cancelled; start += pieceBytes) {
      yield bytes.slice(start, start + pieceBytes);
    }
  }
  return {
    sizeBytes: bytes.byteLength,
    [Symbol.asyncIterator]: () => pieces(),
    async bytes() {
      return bytes.slice();
    },
    cancel() {
      reading.cancelled = true;
    },
    trace: { source: options.source ?? 'memory', nodes: 1, storeRequests: 0 },
  };
}

function seen<R>(mutation: Mutation<R>, version: Version | undefined): CurrentObject | undefined {
  if (version === undefined || mutation.needs === 'nothing') return undefined;
  const isGiven = typeof mutation.needs === 'object' && version.info.sizeBytes <= mutation.needs.maxValueBytes;
  return { info: version.info, ...(isGiven ? { value: version.bytes.slice() } : {}) };
}

async function gather(bytes: NewBytes): Promise<Uint8Array> {
  if (bytes.kind === 'bytes') return bytes.bytes.slice();
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes.pieces) pieces.push(new Uint8Array(piece));
  const all = Buffer.concat(pieces);
  if (bytes.sizeBytes !== undefined && bytes.sizeBytes !== all.byteLength) {
    throw new SionError('invalid', `a stream of ${bytes.sizeBytes} bytes gave ${all.byteLength}`);
  }
  return all;
}

/** The range that is served, clipped to the object; undefined = none of it lies inside. */
function clip(options: ReadOptions, sizeBytes: number): { start: number; end: number } | undefined {
  const { range } = options;
  if (range === undefined) return { start: 0, end: sizeBytes };
  if ('suffix' in range) {
    return sizeBytes === 0 || range.suffix <= 0
      ? undefined
      : { start: Math.max(0, sizeBytes - range.suffix), end: sizeBytes };
  }
  if (range.start >= sizeBytes) return undefined;
  return { start: range.start, end: Math.min(range.end ?? sizeBytes, sizeBytes) };
}
