/** What of the proxy's settings reaches the engine, under the engine's own names. */
import type { PlacingRead, Stripe, WarmUpPolicy } from '@sion/core';
import type { RecoverySettings } from '../recovery/recovery.ts';
import type { Durability } from './objects.ts';

export interface EngineSettings {
  readonly stripes: readonly Stripe[];
  readonly maxChunkBytes: number;
  /** Bytes of bodies that the proxy may hold at a time, over all requests. */
  readonly bodyMemoryBytes: number;
  readonly maxKeyBytes: number;
  readonly maxObjectBytes: number;
  /** Larger objects go past memory. */
  readonly maxPlacedBytes: number;
  /** Streams known to be at most this long are kept in memory until written. */
  readonly keptMaxBytes: number;
  readonly maxEntries: number;
  readonly maxAbsentKeys: number;
  readonly absentTtlMs: number;
  /** How long a request to the store may take effect after it was given up. */
  readonly lateMs: number;
  readonly hedgeMs: number;
  readonly fetchTimeoutMs: number;
  readonly placePatienceMs: number;
  /** Whether writes that do not say are placed in memory. Absent: they are. */
  readonly placeOnPut?: boolean;
  readonly placeOnRead: PlacingRead;
  /** Of writes that do not say. */
  readonly durability: Durability;
  /** How often keys that are known to be due leave the store. */
  readonly sweepMs: number;
  /** How often a page of the store's listing is searched for expired keys that nothing is known about. */
  readonly listSweepMs: number;
  /** Bytes of a cold object that are kept so that others can read them. Absent or 0: each read is its own. */
  readonly jointReadBytes?: number;
  /** Bytes of copies of chunks in demand that each node may hold. Absent or 0: there are none. */
  readonly elasticBytesPerNode?: number;
  /** Fragments that move to the newest window at a time; 0 = none. */
  readonly migrationConcurrency: number;
  /** How long nodes may idle before they are touched. Absent: they are not. */
  readonly warmUp?: WarmUpPolicy;
  /** What makes a node busy. Absent: nothing. */
  readonly busyBytesPerNode?: number;
  /** Bytes of the hot tier, and of the largest object in it. Absent or 0: there is none. */
  readonly hotBytes?: number;
  readonly hotObjectBytes?: number;
  /** Absent: what nodes lose comes back on demand alone. */
  readonly recovery?: RecoverySettings;
}
