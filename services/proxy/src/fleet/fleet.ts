/**
 * The fleet: the nodes as the engine sees them. A request to a node opens a session when there is none (an invocation,
 * then the instance's links and hellos), lingers by price, ends it, and tells what was lost when an instance was
 * reclaimed. It owns sessions, links, tokens, invocation retries and each node's manifest; it knows nothing of keys.
 */
import type { ChunkId, ManifestEntry, SessionPhase } from '@sion/core';

/** A node's position in the fleet, 0 … size−1; its function is `functionName(index)`. */
export type NodeIndex = number;

export type InvocationCause = 'request' | 'warmup' | 'recovery' | 'migration';

/** Why a node did not do what was asked. `lost`: the chunk was expected there and is gone. */
export type NodeRefusal =
  | 'missing'
  | 'capacity'
  | 'corrupt'
  | 'busy'
  | 'unavailable'
  | 'superseded'
  | 'invalid'
  | 'timeout'
  | 'closed';

export type NodeReply<T> =
  | {
      readonly kind: 'ok';
      readonly value: T;
      /** Of a fetch: nobody else has got the payload, so who has may give its memory back with {@link Fleet.giveBack}. */
      readonly isSole?: boolean;
    }
  | { readonly kind: 'refused'; readonly refusal: NodeRefusal };

export interface NodeRequestOptions {
  /** What the invocation is booked under, should one be needed. Default `request`. */
  readonly cause?: InvocationCause;
  /** From now; then the reply is `timeout` and a late answer is dropped. Default: the fleet's setting. */
  readonly timeoutMs?: number;
  /** The caller no longer wants the reply; it settles as `closed`. */
  readonly signal?: AbortSignal;
  /** A fetch: the caller has another way, and is refused as `busy` when the node has more to do than it delivers soon. */
  readonly unlessBusy?: boolean;
}

/** How much a node has to do for chunks of one length: small and large ones are queued apart. */
export interface NodeLoad {
  readonly requests: number;
  readonly bytes: number;
  /** A fetch with `unlessBusy` would be refused. */
  readonly isBusy: boolean;
}

/** A chunk to hold; `payload` belongs to the fleet until the reply. */
export interface ChunkToStore {
  readonly id: ChunkId;
  readonly checksum: number;
  readonly payload: Uint8Array;
}

/** A chunk to read from the store. */
export interface ChunkToLoad {
  readonly id: ChunkId;
  readonly checksum: number;
  readonly storeName: string;
  readonly etag: string;
  readonly offset: number;
  readonly lengthBytes: number;
}

export interface Fleet {
  readonly size: number;
  functionName(node: NodeIndex): string;
  /** Never rejects. On `ok` the chunk is in the node's manifest. */
  store(node: NodeIndex, chunk: ChunkToStore, options?: NodeRequestOptions): Promise<NodeReply<undefined>>;
  /**
   * Never rejects. The payload has been verified against its checksum; it may be another caller's as well, so nobody may
   * change it: fetches of one chunk at a time are one request on the link.
   */
  fetch(node: NodeIndex, id: ChunkId, options?: NodeRequestOptions): Promise<NodeReply<Uint8Array>>;
  /** The memory of a payload that its sole receiver does not use any more, for other payloads. Nobody has to. */
  giveBack(payload: Uint8Array): void;
  /** Never rejects. The node reads the bytes from the store itself. */
  load(node: NodeIndex, chunk: ChunkToLoad, options?: NodeRequestOptions): Promise<NodeReply<undefined>>;
  /**
   * Takes the chunks out of the manifest at once; the node is told with its next session, or soon by itself when it
   * awaits many. A store of one of them that is still under way is undone when it ends.
   */
  evict(node: NodeIndex, ids: readonly ChunkId[]): void;
  /** Puts a restored snapshot's chunks into a node's manifest, before the first request. */
  restore(node: NodeIndex, entries: readonly ManifestEntry[]): void;
  manifest(node: NodeIndex): Iterable<ManifestEntry>;
  /**
   * Bytes that the node may hold and that are taken by its manifest, stores under way included. Each chunk takes
   * `chunkOverheadBytes` beside its own.
   */
  fill(node: NodeIndex): { readonly usedBytes: number; readonly capacityBytes: number };
  /** What the node has to do for chunks of this length. */
  queued(node: NodeIndex, lengthBytes: number): NodeLoad;
  /** Whether the chunk is being fetched from the node, so that another fetch of it costs nothing. */
  isFetching(node: NodeIndex, id: ChunkId): boolean;
  /** False while its queue is full, or it holds as many chunks as a node may. */
  takesChunks(node: NodeIndex): boolean;
  /** The node is of no use any more: it is not woken to be told what to evict, but when it is next asked for something. */
  release(node: NodeIndex): void;
  /** False while its last invocation or session has failed and the next attempt is not due: requests would be refused or wait. */
  isFit(node: NodeIndex): boolean;
  /** When its last session or invocation ended, if none is under way and none is about to be. */
  idleSince(node: NodeIndex): NodeIdle | undefined;
  /**
   * Invokes the node so that it has an instance, and keeps it; resolves when that has ended. `cause`: what it is booked
   * under, by default `warmup`; an instance that is started ahead of a request is that request's.
   */
  warm(node: NodeIndex, cause?: InvocationCause): Promise<void>;
  /** What happened to the memory behind the fleet's back. One listener: the engine. */
  onLost(listener: (node: NodeIndex, lost: readonly ManifestEntry[]) => void): void;
  status(): readonly NodeStatus[];
  /** Ends all sessions orderly, then closes links; requests are refused as `closed` from now on. */
  close(): Promise<void>;
}

/** How long a node has done nothing. */
export interface NodeIdle {
  /** On the monotonic clock. A node that was never invoked counts from the fleet's beginning. */
  readonly activeMs: number;
  /** True when it was touched and did nothing. */
  readonly wasWarmUp: boolean;
}

/** For status and people. */
export interface NodeStatus {
  readonly node: NodeIndex;
  readonly functionName: string;
  /** As in `@sion/core`'s session table. */
  readonly state: SessionPhase;
  /** The instance that answered last. */
  readonly instance?: string;
  readonly chunks: number;
  readonly usedBytes: number;
  readonly capacityBytes: number;
  readonly invocations: number;
  /** Times that an instance turned out to have lost chunks. */
  readonly losses: number;
}
