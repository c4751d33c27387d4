import { describe, expect, it } from 'vitest';
import {
  decideLease,
  decodeLease,
  encodeLease,
  type LeaseObservation,
  type LeaseRecord,
  leaseValidUntilMs,
} from './lease.ts';

const record: LeaseRecord = {
  v: 1,
  epoch: 7,
  owner: 'host/boot/1/2',
  ttlMs: 10_000,
  released: false,
  expiryFloorMs: 5,
  renewal: 3,
};

function seen(changes: Partial<LeaseObservation>): LeaseObservation {
  return { record, ownerLiveness: 'unknown', unchangedMs: 0, changed: false, ...changes };
}

describe('a lease', () => {
  it('is taken at once when there is none, it was released, or its owner is dead', () => {
    expect(decideLease(seen({ record: undefined }))).toEqual({ kind: 'take', epoch: 1 });
    expect(decideLease(seen({ record: { ...record, released: true } }))).toEqual({ kind: 'take', epoch: 8 });
    expect(decideLease(seen({ ownerLiveness: 'dead' }))).toEqual({ kind: 'take', epoch: 8 });
  });

  it('is watched for its whole time, and taken when it did not change', () => {
    expect(decideLease(seen({ unchangedMs: 4000 }))).toEqual({ kind: 'watch', remainingMs: 6000 });
    expect(decideLease(seen({ unchangedMs: 10_000, ownerLiveness: 'alive' }))).toEqual({ kind: 'take', epoch: 8 });
  });

  it('is refused to a contender that saw its owner renew it', () => {
    expect(decideLease(seen({ changed: true }))).toEqual({ kind: 'refuse', owner: record.owner, epoch: 7 });
  });

  it('ends for its owner before a contender may take it', () => {
    expect(leaseValidUntilMs(1000, 10_000)).toBeLessThan(1000 + 10_000);
  });

  it('survives encoding, and damaged bytes are no lease', () => {
    expect(decodeLease(encodeLease(record))).toEqual(record);
    for (const text of ['', '{', 'null', '[]', '{"v":2}', JSON.stringify({ ...record, epoch: -1 })]) {
      expect(decodeLease(Buffer.from(text))).toBeUndefined();
    }
  });
});
