/** Randomness for tokens, ids, spreading and jitter; seeded in simulations. */
export interface Random {
  /** `count` fresh bytes; unpredictable in the system form. */
  bytes(count: number): Uint8Array;
  /** A whole number, uniform in [0, below). */
  integer(below: number): number;
}

/** `count` random bytes as lower-case hexadecimal text, twice as long. */
export function randomHex(random: Random, count: number): string {
  return Buffer.from(random.bytes(count)).toString('hex');
}
