/**
 * Which of a growing number of objects is asked for: each alike, by Zipf's law, or the latest most. Zipf draws follow Gray et
 * al. (SIGMOD'94), as YCSB does; ranks are then spread over the objects one to one, so that the most popular ones are not
 * those that were written first. Unlike YCSB's hashing, no two ranks meet in one object.
 */
import type { SeededRandom } from '../seeded-random.ts';

export interface KeyDistribution {
  /** An object's number in [0, count); `count` may grow from draw to draw. */
  draw(random: SeededRandom, count: number): number;
}

/** The exponent that YCSB uses. */
export const ycsbZipf = 0.99;

export function uniformKeys(): KeyDistribution {
  return { draw: (random, count) => random.integer(count) };
}

/** Rank r is asked for in proportion to 1 / (r + 1)^exponent. */
export function zipfKeys(exponent: number = ycsbZipf): KeyDistribution {
  const ranks = new ZipfRanks(exponent);
  return { draw: (random, count) => spreadRank(ranks.draw(random, count), count) };
}

/** The last object most, by Zipf's law over age. */
export function latestKeys(exponent: number = ycsbZipf): KeyDistribution {
  const ranks = new ZipfRanks(exponent);
  return { draw: (random, count) => count - 1 - ranks.draw(random, count) };
}

/** Draws of a rank. The normalising sum is kept and only added to as the number of objects grows. */
class ZipfRanks {
  readonly #exponent: number;
  #count = 0;
  #zeta = 0;

  constructor(exponent: number) {
    if (!(exponent > 0 && exponent < 1)) throw new RangeError(`the exponent must lie between 0 and 1, got ${exponent}`);
    this.#exponent = exponent;
  }

  draw(random: SeededRandom, count: number): number {
    if (count < this.#count) [this.#count, this.#zeta] = [0, 0];
    while (this.#count < count) this.#zeta += 1 / (++this.#count) ** this.#exponent;
    const scaled = random.double() * this.#zeta;
    if (scaled < 1 || count === 1) return 0;
    const second = 1 + 0.5 ** this.#exponent;
    if (scaled < second || count === 2) return 1;
    const eta = (1 - (2 / count) ** (1 - this.#exponent)) / (1 - second / this.#zeta);
    const rank = Math.floor(count * (eta * (scaled / this.#zeta) - eta + 1) ** (1 / (1 - this.#exponent)));
    return Math.min(count - 1, Math.max(0, rank));
  }
}

/** One to one within [0, count): mixes within the next power of two and mixes again while the result lies outside. */
export function spreadRank(rank: number, count: number): number {
  const bits = Math.max(2, 32 - Math.clz32(count - 1));
  const mask = bits === 32 ? 0xffff_ffff : 2 ** bits - 1;
  let mixed = rank;
  do {
    for (const factor of [0x9e3779b1, 0x85ebca6b]) {
      mixed = ((Math.imul(mixed, factor) + 0x27d4eb2f) & mask) >>> 0;
      mixed = (mixed ^ (mixed >>> (bits >> 1))) >>> 0;
    }
  } while (mixed >= count);
  return mixed;
}
