/**
 * What the proxy counts, under the names that `NAMES` fixes. The hot path adds to plain numbers; rendering as
 * Prometheus text happens on request. Latency histograms are in seconds.
 */
import type { InvocationCause } from '../fleet/fleet.ts';
import type { Durability, ReadSource } from '../objects/objects.ts';

export type StoreOperation = 'head' | 'get' | 'put' | 'upload' | 'metadata' | 'delete' | 'list';

/** Where dollars go. */
export type CostCause = 'serving' | 'warmup' | 'recovery' | 'migration' | 'store';

export type ChunkKind = 'data' | 'parity';

export interface Metrics {
  /** One finished read of an object; `seconds` from taking the request to its last byte handed on. */
  countGet(source: ReadSource, bytes: number, seconds: number): void;
  countPut(durability: Durability, bytes: number, seconds: number): void;
  countDelete(): void;
  countInvocation(cause: InvocationCause): void;
  addCost(cause: CostCause, usd: number): void;
  countStoreRequest(operation: StoreOperation): void;
  /** An instance loss that was noticed, with the chunks it took. */
  countRecovery(chunks: number): void;
  countRepairedChunk(): void;
  /** A lost chunk that was brought back ahead of reads. */
  countRecoveredChunk(kind: ChunkKind, bytes: number): void;
  /** Lost parity chunks that are made anew when their fragment passes by. */
  countParityLeft(chunks: number): void;
  /** Lost chunks that are not brought back ahead of reads: no room, too many, or too many failures. */
  countRecoveryGivenUp(chunks: number): void;
  /** A chunk that a read asked memory for. */
  countChunkRequest(): void;
  /** A node has pulled a copy of a chunk from the store because those that have it had too much to do. */
  countDemandCopy(): void;
  /** Such a copy served a read again. */
  countDemandHit(): void;
  /** Chunks that were read from the store because every node that has them had too much to do. */
  countBusyMisses(chunks: number): void;
  /** Chunks that moved to a newer window. */
  countMigration(chunks: number, bytes: number): void;
  /** Nodes that hold nothing any more, and are not asked for anything until they are opened again. */
  countRelease(nodes: number): void;
  /** So many groups take no new data any more because of their age. */
  countRotation(groups: number): void;
  /** An object whose placement was given up or left incomplete. */
  countUnplaced(): void;
  /** An object that was written or read past memory, because it is too large for it. */
  countBypassed(): void;
  /** A journaled change of which the store has been seen to have the last word. */
  countDrained(): void;
  /** An attempt to bring a journaled change to the store that failed. */
  countDrainRetry(): void;
  /** A write that the journal had no room for, or could not take, and that went to the store at once. */
  countJournalFull(): void;
  snapshot(): MetricsSnapshot;
}

/** Totals since start, for status, INFO and the live line. */
export interface MetricsSnapshot {
  readonly gets: Readonly<Record<ReadSource, number>>;
  readonly puts: Readonly<Record<Durability, number>>;
  readonly deletes: number;
  readonly invocations: Readonly<Record<InvocationCause, number>>;
  readonly costUsd: Readonly<Record<CostCause, number>>;
  readonly storeRequests: Readonly<Record<StoreOperation, number>>;
  readonly recoveries: number;
  readonly lostChunks: number;
  readonly repairedChunks: number;
  readonly recoveredChunks: Readonly<Record<ChunkKind, number>>;
  readonly recoveredBytes: Readonly<Record<ChunkKind, number>>;
  readonly parityLeftChunks: number;
  readonly recoveryGivenUpChunks: number;
  readonly chunkRequests: number;
  readonly demandCopies: number;
  readonly demandHits: number;
  readonly busyMisses: number;
  readonly migratedChunks: number;
  readonly migratedBytes: number;
  readonly releasedNodes: number;
  readonly rotatedGroups: number;
  readonly unplacedObjects: number;
  readonly bypassedObjects: number;
  readonly drained: number;
  readonly drainRetries: number;
  readonly journalFull: number;
  /** Bytes of objects handed to readers, and taken from writers. */
  readonly readBytes: number;
  readonly writtenBytes: number;
}
