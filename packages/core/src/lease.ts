/**
 * The lease: who owns a prefix of the store. A record under the store name `.sion/lease`, changed by conditional writes
 * only, names the owner and its epoch. This module decides; `services/proxy/src/lease` reads, writes and waits.
 *
 * An owner may answer while its own monotonic clock proves that less than the lease's time has passed since it *began*
 * the last write that landed. A contender may take the lease when it was released, when its owner's process is known to
 * be dead, or when the record has not changed for the whole time of the lease as the *contender's* clock measures it.
 * No two machines' clocks are ever compared.
 *
 * Must never: let two owners overlap, or hand out an epoch twice.
 */

/** The store name under which the lease lies; user keys never map to a name that starts with a dot. */
export const leaseName = '.sion/lease';

export interface LeaseRecord {
  readonly v: 1;
  /** Goes up by one with each new owner; the first is 1. */
  readonly epoch: number;
  /** The owner's process identity. */
  readonly owner: string;
  readonly ttlMs: number;
  /** Set by an orderly stop: the next owner need not wait. */
  readonly released: boolean;
  /** The highest wall clock used to judge expiry, Unix milliseconds: the next owner never judges by an earlier one. */
  readonly expiryFloorMs: number;
  /** Counts renewals, so that each write changes the record's bytes and with them any content-hash ETag. */
  readonly renewal: number;
}

export function encodeLease(record: LeaseRecord): Uint8Array {
  return Buffer.from(`${JSON.stringify(record)}\n`);
}

/** Undefined when the bytes are not a lease that this version understands. */
export function decodeLease(bytes: Uint8Array): LeaseRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields: Record<string, unknown> = { ...value };
  const { v, epoch, owner, ttlMs, released, expiryFloorMs, renewal } = fields;
  if (v !== 1 || typeof owner !== 'string' || typeof released !== 'boolean') return undefined;
  if (!isWhole(epoch) || !isWhole(ttlMs) || !isWhole(expiryFloorMs) || !isWhole(renewal)) return undefined;
  return { v, epoch, owner, ttlMs, released, expiryFloorMs, renewal };
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/** What a contender has seen of the present owner. */
export interface LeaseObservation {
  readonly record: LeaseRecord | undefined;
  readonly ownerLiveness: 'alive' | 'dead' | 'unknown';
  /** How long the record has been seen unchanged, by the contender's monotonic clock. */
  readonly unchangedMs: number;
  /** True when the record changed while the contender watched: its owner lives. */
  readonly changed: boolean;
}

export type LeaseDecision =
  | { readonly kind: 'take'; readonly epoch: number }
  | { readonly kind: 'watch'; readonly remainingMs: number }
  | { readonly kind: 'refuse'; readonly owner: string; readonly epoch: number };

/** May a contender take the lease now? */
export function decideLease(seen: LeaseObservation): LeaseDecision {
  const { record } = seen;
  if (record === undefined) return { kind: 'take', epoch: 1 };
  if (record.released || seen.ownerLiveness === 'dead') return { kind: 'take', epoch: record.epoch + 1 };
  if (seen.changed) return { kind: 'refuse', owner: record.owner, epoch: record.epoch };
  const remainingMs = record.ttlMs - seen.unchangedMs;
  return remainingMs > 0 ? { kind: 'watch', remainingMs } : { kind: 'take', epoch: record.epoch + 1 };
}

/**
 * Until when an owner may answer, on its monotonic clock: a tenth of the lease is left out, since clocks of two machines
 * may run at slightly different speeds.
 */
export function leaseValidUntilMs(writeBegunMs: number, ttlMs: number): number {
  return writeBegunMs + ttlMs * 0.9;
}
