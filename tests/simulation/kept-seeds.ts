/** Seeds that failed, or that reach what others seldom do; each with why it is kept. They run with every test. */
import type { SimulationOptions } from './simulation.ts';

export interface KeptSeed extends SimulationOptions {
  readonly why: string;
}

/** Kept before functions had a bound. */
const unbounded = { maxUsdPerHour: 0 };

const still = { ...unbounded, operations: 1000, isTurning: false };

export const keptSeeds: readonly KeptSeed[] = [
  { seed: 'b1', ...still, why: 'two proxies are deposed while they are paused, and find out when they go on' },
  {
    ...{ seed: 'b5', ...still },
    why: 'ETags are content hashes and come back with the bytes (A, B, A), values are in memory alone, in the journal, in the store',
  },
  { seed: 'b13', ...still, why: 'writes and deletes land late while the journal brings others to the store' },
  {
    ...{ seed: 's-124', ...still },
    why: 'an upload replaces one whose metadata is guarded in the journal, and a read comes before the journal has noted it',
  },
  {
    ...{ ...unbounded, seed: 'w-222', operations: 2000 },
    why: 'a read that began before two writes of the same bytes sees the second, unacknowledged; the next read must not see the first',
  },
  {
    ...{ seed: 'x-6', operations: 2000 },
    why: 'a PERSIST is given up, a proxy that starts finds the key expired, and the PERSIST lands then',
  },
  { seed: 'x-210', operations: 2000, why: 'a group that nobody needs any more is worn when all else has aged' },
  {
    ...{ seed: 'z-80', operations: 2000 },
    why: 'a write is given up, what it is to replace is found once more and believed, the write lands, and the time comes at which the old one would have expired',
  },
];
