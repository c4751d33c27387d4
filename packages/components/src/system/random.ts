/** The system form of {@link Random}: the kernel's unpredictable bytes, fit for tokens and ids. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Random } from '../random.ts';

/** Cryptographically strong randomness. `integer` takes limits up to 2^48 − 1. */
export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  integer: (below) => randomInt(below),
};
