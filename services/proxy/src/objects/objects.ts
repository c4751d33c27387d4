/**
 * The boundary between the front (RESP, HTTP) and the engine behind it (per-key ordering, store, memory): objects by
 * key, linearizable per key. The front knows nothing of chunks, nodes or the store; the engine nothing of protocols.
 *
 * Any call may reject with a `SionError`; its codes are the contract.
 */

import type { RequestAccount } from './request-account.ts';

/** A key's bytes as a latin-1 string, one character per byte: 0 … `maxKeyBytes` characters. */
export type Key = string;

/**
 * When a write is acknowledged: once the store has confirmed it; once it is durable in the proxy's journal, and the store
 * follows; or once functions hold it, and nothing else does.
 */
export type Durability = 'store' | 'journal' | 'memory';

/** Where a GET's bytes came from, the label of `sion_gets_total`. */
export type ReadSource = 'hot' | 'memory' | 'decoded' | 'store' | 'miss';

/** What is known of the current version of an object. */
export interface ObjectInfo {
  readonly sizeBytes: number;
  /** As the store gives it, with quotes. */
  readonly etag: string;
  /** `<epoch>.<counter>`, or the ETag for objects put by others. */
  readonly version: string;
  /** Milliseconds since the Unix epoch; absent = never. */
  readonly expiresAtMs?: number;
  readonly modifiedMs: number;
  readonly contentType?: string;
  readonly user?: Readonly<Record<string, string>>;
}

/** Bytes [start, end). */
export interface ObjectRange {
  readonly start: number;
  readonly end: number;
}

/** Which bytes a reader wants; `suffix` = the last n bytes. */
export type RangeRequest = { readonly start: number; readonly end?: number } | { readonly suffix: number };

export interface ReadOptions {
  readonly range?: RangeRequest;
  /** Of a read from memory, it and the body's trace know of the first fragment when the outcome is there. */
  readonly account?: RequestAccount;
  /** Gives up: the read rejects and holds nothing any more. */
  readonly signal?: AbortSignal;
}

export type ReadOutcome =
  | { readonly kind: 'hit'; readonly info: ObjectInfo; readonly range: ObjectRange; readonly body: ObjectBody }
  | { readonly kind: 'miss' }
  | { readonly kind: 'outside'; readonly info: ObjectInfo };

/**
 * The bytes of a read, in order, once. Iteration throws when the bytes can no longer be had (superseded after the first
 * byte, store gone): the front then cuts the answer, never continues it. Must be read to its end or cancelled.
 */
export interface ObjectBody extends AsyncIterable<Uint8Array> {
  readonly sizeBytes: number;
  /** All bytes at once; for bodies known to be small. */
  bytes(): Promise<Uint8Array>;
  cancel(): void;
  /** A piece that it gave is not used any more, so that its memory may be used again. Nobody has to tell it. */
  giveBack?(piece: Uint8Array): void;
  /** How the bytes were had; final once the body is read. */
  readonly trace: ReadTrace;
}

/** For `Server-Timing` and metrics. */
export interface ReadTrace {
  readonly source: ReadSource;
  readonly nodes: number;
  readonly storeRequests: number;
  /** Of the body, the bytes that these counts are about, while it is being read; absent = all. */
  readonly coveredBytes?: number;
}

/** New bytes for an object. A stream is read once; each of its pieces is the engine's until it asks for the next. */
export type NewBytes =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly sizeBytes?: number; readonly pieces: AsyncIterable<Uint8Array> };

/** Bytes that were taken in, not yet visible under any key: a small buffer, or an upload in progress in the store. */
export interface StagedBytes {
  readonly sizeBytes: number;
  /** Leaves no trace. Safe at any time, also after the bytes were written by a decision. */
  discard(): Promise<void>;
}

/** What a mutation sees of the key when its turn has come. */
export interface CurrentObject {
  readonly info: ObjectInfo;
  /** The value, when the mutation asked for it. */
  readonly value?: Uint8Array;
}

/**
 * What a mutation wants done. `expiresAtMs` absent = no expiry. A decision whose write fails rejects the call instead of
 * giving its result.
 */
export type Decision<R> =
  | { readonly kind: 'keep'; readonly result: R }
  | {
      readonly kind: 'write';
      readonly bytes: StagedBytes | Uint8Array;
      readonly expiresAtMs?: number;
      readonly contentType?: string;
      readonly user?: Readonly<Record<string, string>>;
      readonly result: R;
    }
  | { readonly kind: 'expire'; readonly expiresAtMs?: number; readonly result: R }
  | { readonly kind: 'delete'; readonly result: R };

/**
 * A change of one key, decided when its turn has come. Mutations that queue behind the key's store write are decided in
 * order against each other's results, folded into one write, and all settle when it lands; `decide` may therefore be
 * called again after a conflict and must be pure.
 */
export interface Mutation<R> {
  /**
   * What `decide` needs: nothing of the current object (a plain overwrite), a hint (its info where that is known, or can be
   * had without holding up a write that could do without), its info, or its value as well.
   * With `value`, objects larger than `maxValueBytes` are given without their value.
   */
  readonly needs: 'nothing' | 'hint' | 'info' | { readonly value: true; readonly maxValueBytes: number };
  decide(current: CurrentObject | undefined, nowMs: number): Decision<R>;
}

export interface WriteOptions {
  /** Undefined = the proxy's own. */
  readonly durability?: Durability | undefined;
  /** False = the store only, no chunks in memory; undefined = as the proxy's policy says. */
  readonly place?: boolean | undefined;
  /**
   * Called once before the call settles, when its own bytes or its own expiry have landed; not for a change that was
   * overwritten by another one of the same fold, since nobody can ever have seen its version.
   */
  readonly onWritten?: (info: ObjectInfo) => void;
  readonly account?: RequestAccount;
  readonly signal?: AbortSignal;
}

export interface Objects {
  /** Milliseconds since the Unix epoch, never going back: the clock that expiry uses. */
  nowMs(): number;
  read(key: Key, options?: ReadOptions): Promise<ReadOutcome>;
  /**
   * The whole value, when the proxy's own memory has it and it may be told without waiting for anything: counts as a read.
   * Undefined says nothing of the key. The bytes never change.
   */
  readHot(key: Key): Uint8Array | undefined;
  /** The size of an object as far as it is known without asking anybody, else 0; for planning, never for an answer. */
  sizeHint(key: Key): number;
  /** Info without bytes; undefined = no such object. */
  info(key: Key, account?: RequestAccount): Promise<ObjectInfo | undefined>;
  /**
   * Takes bytes in, streaming them onward to the store and towards memory. The caller must use the result in one
   * decision or discard it. Bytes up to the inline limit are merely kept.
   */
  stage(key: Key, bytes: NewBytes, options?: WriteOptions): Promise<StagedBytes>;
  mutate<R>(key: Key, mutation: Mutation<R>, options?: WriteOptions): Promise<R>;
  /**
   * One page of keys, in the order of their names in the store (UTF-8 byte order of plain keys), expired ones left out.
   * Every key that is there from the first page to the last is given once; one that comes or goes meanwhile may be.
   */
  list(request: ListRequest, account?: RequestAccount): Promise<KeyPage>;
  /**
   * About how many keys there are: an estimate. Names are counted a few pages per call and at most once in a while; own
   * writes since are reckoned in, those of others are not. Until the first count is whole, what has been counted so far.
   */
  estimateCount(): Promise<number>;
  /**
   * Forgets what is known and held of a key that somebody else has changed in the store; the next read looks there. Gives
   * whether anything was known. Safe at any time: what is under way for the key does not bring the old state back.
   */
  invalidate(key: Key): Promise<boolean>;
  /** The same for each key that begins with `prefix` (empty = all); gives of how many something was known. */
  invalidatePrefix(prefix: Key): Promise<number>;
  /** Brings an object into memory, as a read would, without giving its bytes to anybody; parts that are lost come back. */
  warm(key: Key, signal?: AbortSignal): Promise<WarmOutcome>;
  /** Which nodes hold which fragments of the current version, for `sion status <key>` and tests; undefined = not in memory. */
  places(key: Key): ObjectPlaces | undefined;
}

/** Which keys a page is to have. */
export interface ListRequest {
  /** Only keys that begin with it; empty = all. */
  readonly prefix: Key;
  /** Not empty: keys whose part after the prefix contains it are given as one common prefix, up to its first occurrence. */
  readonly delimiter?: Key;
  /** {@link KeyPage.next} of the page before. Rejects with `invalid` for what no page gave. */
  readonly after?: string;
  /** Keys and common prefixes together, 1 … 1000. A page may have fewer, even none, though more follow. */
  readonly limit: number;
}

export interface KeyPage {
  readonly objects: readonly ListedObject[];
  readonly commonPrefixes: readonly Key[];
  /** Where the next page begins, opaque text of printable ASCII; absent = this was the last. */
  readonly next?: string;
}

export interface ListedObject {
  readonly key: Key;
  readonly info: ObjectInfo;
}

/** `refused`: the policy or a lack of room keeps it out of memory; reads are served from the store. */
export type WarmOutcome = 'placed' | 'held' | 'missing' | 'refused';

/** For people: the placement of one object. */
export interface ObjectPlaces {
  readonly version: string;
  readonly dataChunks: number;
  readonly parityChunks: number;
  /** Per fragment, per chunk index: the node that holds it, or null while it is not in memory. */
  readonly fragments: readonly (readonly (string | null)[])[];
  /** True when every chunk, parity included, is confirmed to be in memory. */
  readonly complete: boolean;
  /** The object is too large for memory: it has no fragments there, and reads of it come from the store. */
  readonly bypassed?: { readonly sizeBytes: number; readonly maxPlacedBytes: number };
}
