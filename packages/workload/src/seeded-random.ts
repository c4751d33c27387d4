/**
 * Seeded randomness for workloads and tests: xoshiro128** seeded by SplitMix, both by Blackman and Vigna (public
 * domain). The same seed gives the same numbers on every machine. Fast and well spread; never for secrets.
 */

/** A stream of numbers that its seed determines. Has the shape of `Random` in `@sion/components`. */
export class SeededRandom {
  readonly #state: Uint32Array;

  /** A seed is any whole number up to 2^53 or any text; different ones give unrelated streams. */
  constructor(seed: number | string) {
    this.#state = new Uint32Array(4);
    let word = hashText(String(seed), 0x243f6a88);
    const other = hashText(String(seed), 0x85a308d3);
    for (let at = 0; at < 4; at++) {
      word = (word + 0x9e3779b9) >>> 0;
      this.#state[at] = mixWord(word ^ (at < 2 ? 0 : other));
    }
    if (this.#state.every((each) => each === 0)) this.#state[0] = 1;
  }

  /** 32 random bits. */
  uint32(): number {
    return nextWord(this.#state);
  }

  /** Uniform in [0, 1), 53 bits fine. */
  double(): number {
    return ((this.uint32() >>> 5) * 0x400_0000 + (this.uint32() >>> 6)) / 2 ** 53;
  }

  /** A whole number, uniform in [0, below); `below` is 1 … 2^53. */
  integer(below: number): number {
    if (!(below >= 1 && below <= 2 ** 53 && Number.isInteger(below))) {
      throw new RangeError(`the bound must be a whole number from 1 to 2^53, got ${below}`);
    }
    // Draws again where the last, incomplete stretch of `below` numbers would favour the small ones.
    const span = below <= 2 ** 32 ? 2 ** 32 : 2 ** 53;
    const fair = span - (span % below);
    for (;;) {
      const drawn = span === 2 ** 32 ? this.uint32() : this.double() * span;
      if (drawn < fair) return drawn % below;
    }
  }

  /** `count` random bytes. */
  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += 4) {
      const word = this.uint32();
      for (let lane = 0; lane < 4 && at + lane < count; lane++) bytes[at + lane] = word >>> (8 * lane);
    }
    return bytes;
  }
}

/** A step of xoshiro128**: 32 random bits; moves the state of four words, which must not all be 0. */
export function nextWord(state: Uint32Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = state;
  const product = Math.imul(b, 5);
  const e = c ^ a;
  const f = d ^ b;
  state[0] = a ^ f;
  state[1] = b ^ e;
  state[2] = e ^ (b << 9);
  state[3] = (f << 11) | (f >>> 21);
  return Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
}

/** A hash of a text, 32 bits, one per `seed`: MurmurHash3's mixing over its UTF-16 units. */
export function hashText(text: string, seed: number): number {
  let hash = seed | 0;
  for (let at = 0; at < text.length; at++) {
    const unit = Math.imul(text.charCodeAt(at), 0xcc9e2d51);
    hash ^= Math.imul((unit << 15) | (unit >>> 17), 0x1b873593);
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  return mixWord(hash ^ text.length);
}

/** Spreads every bit of a 32-bit word over the whole word; one to one ("lowbias32" by Chris Wellons, public domain). */
export function mixWord(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
