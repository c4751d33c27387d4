/** What `/v1/status`, `sion status --json`, INFO and the live line say; one shape for all of them. */
import type { BudgetStatus } from '../budget/budget-keeper.ts';
import type { NodeStatus } from '../fleet/fleet.ts';
import type { HotStatus } from '../hot/hot-objects.ts';
import type { MetricsSnapshot } from '../metrics/metrics.ts';
import type { Durability } from '../objects/objects.ts';
import type { SnapshotProgress } from '../snapshot/snapshot-loader.ts';

export interface ProxyStatus {
  readonly version: string;
  /** `starting` until the lease is held, then `serving`; `draining` once a stop was asked for; `fenced` without a lease. */
  readonly state: 'starting' | 'serving' | 'draining' | 'fenced';
  readonly uptimeSeconds: number;
  readonly epoch: number;
  /** Of writes that do not choose. */
  readonly durability: Durability;
  readonly journal: JournalStatus;
  readonly store: { readonly kind: string; readonly place: string; readonly reachable: boolean };
  readonly objects: {
    /** Entries in the directory: objects with chunks in memory. */
    readonly inMemory: number;
    /** Those of them whose every chunk is confirmed. */
    readonly complete: number;
    readonly pinned: number;
    /** Larger ones go past memory, to and from the store alone. */
    readonly maxPlacedBytes: number;
  };
  /** Of the proxy before: how much of what it left behind is loaded. Memory is not used before that has ended. */
  readonly snapshot: SnapshotProgress;
  /** Lost chunks that are to be brought back ahead of reads, and those of them that are being brought back. */
  readonly recovery: { readonly backlogChunks: number; readonly underWay: number };
  /** Small objects in the proxy's own memory. */
  readonly hot: HotStatus;
  /** `copyBytes` of the used ones are copies of chunks in demand, which give way to anything else. */
  readonly memory: { readonly usedBytes: number; readonly copyBytes: number; readonly capacityBytes: number };
  /** Pieces of objects that are to move to the newest window, and those that are moving. */
  readonly migration: { readonly waiting: number; readonly underWay: number };
  /** What functions cost, against `SION_MAX_USD_PER_HOUR`. */
  readonly budget: BudgetStatus;
  readonly windows: readonly WindowStatus[];
  readonly nodes: readonly NodeStatus[];
  readonly connections: { readonly resp: number; readonly links: number };
  readonly totals: MetricsSnapshot;
}

/** What was acknowledged and is not in the store yet, or kept although it is. */
export interface JournalStatus {
  /** Keys that have a write in the journal. */
  readonly names: number;
  /** Those of them that the store has: they are kept until no earlier attempt can land any more. The others wait for it. */
  readonly storedNames: number;
  /** How much longer the last of those are kept; 0 when there are none. */
  readonly keptSeconds: number;
  /** Writes in the journal. */
  readonly records: number;
  /** Of those writes; above `maxBytes` further ones go to the store at once. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** Of the journal's files. */
  readonly diskBytes: number;
  /** How long the oldest of them has waited; 0 when there is none. Above `maxAgeSeconds` further ones go to the store at once. */
  readonly oldestSeconds: number;
  readonly maxAgeSeconds: number;
  /** How long the store has taken nothing that it was given; undefined while it takes it. */
  readonly failingSeconds?: number;
}

export interface WindowStatus {
  readonly window: number;
  readonly state: 'active' | 'degraded' | 'released';
  readonly groups: readonly { readonly group: number; readonly nodes: readonly string[] }[];
  readonly usedBytes: number;
  /** What its functions may hold. */
  readonly capacityBytes: number;
  /** How warm it is: pieces of objects read from it since the newest window opened, and in the window before that. */
  readonly reads: { readonly now: number; readonly before: number };
}

/** Gives the present status; cheap enough for once a second. */
export interface StatusSource {
  status(): ProxyStatus;
}
