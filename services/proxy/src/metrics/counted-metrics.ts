/**
 * The counting form of {@link Metrics}: plain numbers, one per label value, and typed arrays for durations. Counting is
 * an addition; it allocates nothing and cannot fail. Nothing here knows how the numbers are shown.
 */
import type { InvocationCause } from '../fleet/fleet.ts';
import type { Durability, ReadSource } from '../objects/objects.ts';
import { type DurationCounts, DurationHistogram } from './histogram.ts';
import type { ChunkKind, CostCause, Metrics, MetricsSnapshot, StoreOperation } from './metrics.ts';

/** How long reads and writes took, for the exposition. */
export interface Durations {
  readonly gets: Readonly<Record<ReadSource, DurationCounts>>;
  readonly puts: Readonly<Record<Durability, DurationCounts>>;
}

/** Gives metrics that stand at zero; every series exists from the start. */
export function createMetrics(): CountedMetrics {
  return new CountedMetrics();
}

/** {@link Metrics} in plain numbers; {@link createMetrics} makes one. */
export class CountedMetrics implements Metrics {
  readonly #gets: Record<ReadSource, number> = { hot: 0, memory: 0, decoded: 0, store: 0, miss: 0 };
  readonly #puts: Record<Durability, number> = { store: 0, journal: 0, memory: 0 };
  readonly #invocations: Record<InvocationCause, number> = { request: 0, warmup: 0, recovery: 0, migration: 0 };
  readonly #costUsd: Record<CostCause, number> = { serving: 0, warmup: 0, recovery: 0, migration: 0, store: 0 };
  readonly #storeRequests: Record<StoreOperation, number> = {
    head: 0,
    get: 0,
    put: 0,
    upload: 0,
    metadata: 0,
    delete: 0,
    list: 0,
  };
  readonly #getSeconds: Readonly<Record<ReadSource, DurationHistogram>> = {
    hot: new DurationHistogram(),
    memory: new DurationHistogram(),
    decoded: new DurationHistogram(),
    store: new DurationHistogram(),
    miss: new DurationHistogram(),
  };
  readonly #putSeconds: Readonly<Record<Durability, DurationHistogram>> = {
    store: new DurationHistogram(),
    journal: new DurationHistogram(),
    memory: new DurationHistogram(),
  };
  #deletes = 0;
  #recoveries = 0;
  #lostChunks = 0;
  #repairedChunks = 0;
  readonly #recoveredChunks: Record<ChunkKind, number> = { data: 0, parity: 0 };
  readonly #recoveredBytes: Record<ChunkKind, number> = { data: 0, parity: 0 };
  #parityLeftChunks = 0;
  #recoveryGivenUpChunks = 0;
  #chunkRequests = 0;
  #demandCopies = 0;
  #demandHits = 0;
  #busyMisses = 0;
  #migratedChunks = 0;
  #migratedBytes = 0;
  #releasedNodes = 0;
  #rotatedGroups = 0;
  #unplacedObjects = 0;
  #bypassedObjects = 0;
  #drained = 0;
  #drainRetries = 0;
  #journalFull = 0;
  #readBytes = 0;
  #writtenBytes = 0;

  countGet(source: ReadSource, bytes: number, seconds: number): void {
    this.#gets[source] += 1;
    this.#readBytes += bytes;
    this.#getSeconds[source].observe(seconds);
  }

  countPut(durability: Durability, bytes: number, seconds: number): void {
    this.#puts[durability] += 1;
    this.#writtenBytes += bytes;
    this.#putSeconds[durability].observe(seconds);
  }

  countDelete(): void {
    this.#deletes += 1;
  }

  countInvocation(cause: InvocationCause): void {
    this.#invocations[cause] += 1;
  }

  addCost(cause: CostCause, usd: number): void {
    this.#costUsd[cause] += usd;
  }

  countStoreRequest(operation: StoreOperation): void {
    this.#storeRequests[operation] += 1;
  }

  countRecovery(chunks: number): void {
    this.#recoveries += 1;
    this.#lostChunks += chunks;
  }

  countRepairedChunk(): void {
    this.#repairedChunks += 1;
  }

  countRecoveredChunk(kind: ChunkKind, bytes: number): void {
    this.#recoveredChunks[kind] += 1;
    this.#recoveredBytes[kind] += bytes;
  }

  countParityLeft(chunks: number): void {
    this.#parityLeftChunks += chunks;
  }

  countRecoveryGivenUp(chunks: number): void {
    this.#recoveryGivenUpChunks += chunks;
  }

  countChunkRequest(): void {
    this.#chunkRequests += 1;
  }

  countDemandCopy(): void {
    this.#demandCopies += 1;
  }

  countDemandHit(): void {
    this.#demandHits += 1;
  }

  countBusyMisses(chunks: number): void {
    this.#busyMisses += chunks;
  }

  countMigration(chunks: number, bytes: number): void {
    this.#migratedChunks += chunks;
    this.#migratedBytes += bytes;
  }

  countRelease(nodes: number): void {
    this.#releasedNodes += nodes;
  }

  countRotation(groups: number): void {
    this.#rotatedGroups += groups;
  }

  countUnplaced(): void {
    this.#unplacedObjects += 1;
  }

  countBypassed(): void {
    this.#bypassedObjects += 1;
  }

  countDrained(): void {
    this.#drained += 1;
  }

  countDrainRetry(): void {
    this.#drainRetries += 1;
  }

  countJournalFull(): void {
    this.#journalFull += 1;
  }

  snapshot(): MetricsSnapshot {
    return {
      gets: { ...this.#gets },
      puts: { ...this.#puts },
      deletes: this.#deletes,
      invocations: { ...this.#invocations },
      costUsd: { ...this.#costUsd },
      storeRequests: { ...this.#storeRequests },
      recoveries: this.#recoveries,
      lostChunks: this.#lostChunks,
      repairedChunks: this.#repairedChunks,
      recoveredChunks: { ...this.#recoveredChunks },
      recoveredBytes: { ...this.#recoveredBytes },
      parityLeftChunks: this.#parityLeftChunks,
      recoveryGivenUpChunks: this.#recoveryGivenUpChunks,
      chunkRequests: this.#chunkRequests,
      demandCopies: this.#demandCopies,
      demandHits: this.#demandHits,
      busyMisses: this.#busyMisses,
      migratedChunks: this.#migratedChunks,
      migratedBytes: this.#migratedBytes,
      releasedNodes: this.#releasedNodes,
      rotatedGroups: this.#rotatedGroups,
      unplacedObjects: this.#unplacedObjects,
      bypassedObjects: this.#bypassedObjects,
      drained: this.#drained,
      drainRetries: this.#drainRetries,
      journalFull: this.#journalFull,
      readBytes: this.#readBytes,
      writtenBytes: this.#writtenBytes,
    };
  }

  durations(): Durations {
    const { hot, memory, decoded, store, miss } = this.#getSeconds;
    return {
      gets: {
        hot: hot.counts(),
        memory: memory.counts(),
        decoded: decoded.counts(),
        store: store.counts(),
        miss: miss.counts(),
      },
      puts: {
        store: this.#putSeconds.store.counts(),
        journal: this.#putSeconds.journal.counts(),
        memory: this.#putSeconds.memory.counts(),
      },
    };
  }
}
