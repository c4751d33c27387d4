/**
 * Mixes of operations over numbered objects, among them those of YCSB (Cooper et al., SoCC'10): A 50/50 read/update, B 95/5,
 * C reads only, D 95/5 read-latest/insert, F reads and read-modify-writes. E scans, which no object store here does.
 */
import { SeededRandom } from '../seeded-random.ts';
import { type KeyDistribution, latestKeys, uniformKeys, zipfKeys } from './keys.ts';
import type { SizeDistribution } from './sizes.ts';

/**
 * What is done. `put` overwrites, `insert` writes a new object, `modify` reads and then overwrites, `range` reads a part,
 * `fill` writes an object that is touched for the first time and then reads it.
 */
export const workOperations = ['get', 'range', 'head', 'put', 'insert', 'modify', 'delete', 'fill'] as const;

export type WorkOperation = (typeof workOperations)[number];

export interface WorkRequest {
  readonly operation: WorkOperation;
  readonly key: string;
  /** Of what is written; 0 where nothing is. */
  readonly sizeBytes: number;
  /** Of `range`, and of the read in `fill`: these bytes, `end` excluded. */
  readonly range?: { readonly start: number; readonly end: number };
  /** Of `range`, where the object's size is not known beforehand: so many bytes, at a share in [0, 1) of what it has. */
  readonly part?: { readonly at: number; readonly bytes: number };
}

/** Weights; they need not add up to anything. */
export type Mix = Readonly<Partial<Record<Exclude<WorkOperation, 'fill'>, number>>>;

export type KeyPattern = 'zipf' | 'uniform' | 'latest';

export const keyPatterns: readonly KeyPattern[] = ['zipf', 'uniform', 'latest'];

export const ycsbWorkloads = {
  A: { mix: { get: 50, put: 50 }, keys: 'zipf' },
  B: { mix: { get: 95, put: 5 }, keys: 'zipf' },
  C: { mix: { get: 100 }, keys: 'zipf' },
  D: { mix: { get: 95, insert: 5 }, keys: 'latest' },
  F: { mix: { get: 50, modify: 50 }, keys: 'zipf' },
} as const satisfies Readonly<Record<string, { readonly mix: Mix; readonly keys: KeyPattern }>>;

export type YcsbWorkload = keyof typeof ycsbWorkloads;

export interface MixedWorkloadOptions {
  readonly mix: Mix;
  readonly keys: KeyDistribution;
  readonly sizes: SizeDistribution;
  /** Objects that are there at the beginning. */
  readonly records: number;
  readonly keyPrefix: string;
  /** Of what `range` reads. */
  readonly rangeBytes: number;
}

export function keysOf(pattern: KeyPattern, exponent?: number): KeyDistribution {
  switch (pattern) {
    case 'uniform':
      return uniformKeys();
    case 'zipf':
      return zipfKeys(exponent);
    case 'latest':
      return latestKeys(exponent);
  }
}

/** The endless stream of requests that a seed gives. */
export class MixedWorkload {
  readonly #options: MixedWorkloadOptions;
  readonly #seed: string;
  readonly #random: SeededRandom;
  readonly #weights: readonly (readonly [Exclude<WorkOperation, 'fill'>, number])[];
  readonly #total: number;
  #count: number;

  constructor(options: MixedWorkloadOptions, seed: string) {
    this.#options = options;
    this.#seed = seed;
    this.#random = new SeededRandom(`${seed} requests`);
    this.#count = options.records;
    this.#weights = workOperations.flatMap((name) =>
      name === 'fill' ? [] : [[name, options.mix[name] ?? 0] as const],
    );
    this.#total = this.#weights.reduce((sum, [, weight]) => sum + weight, 0);
    if (!(this.#total > 0)) throw new RangeError('a mix must have one operation with a weight above 0');
    if (!(options.records >= 1)) throw new RangeError('there must be at least one object at the beginning');
  }

  /** What has to be written before the first request; the same however often it is asked for. */
  *initial(): Generator<WorkRequest> {
    const random = new SeededRandom(`${this.#seed} initial`);
    const { keyPrefix, records, sizes } = this.#options;
    for (let number = 0; number < records; number++) {
      yield { operation: 'insert', key: `${keyPrefix}${number}`, sizeBytes: sizes.draw(random) };
    }
  }

  next(): WorkRequest {
    const { keyPrefix, keys, rangeBytes, sizes } = this.#options;
    const operation = this.#operation();
    const number = operation === 'insert' ? this.#count++ : keys.draw(this.#random, this.#count);
    const key = `${keyPrefix}${number}`;
    const isWrite = operation === 'insert' || operation === 'put' || operation === 'modify';
    const request = { operation, key, sizeBytes: isWrite ? sizes.draw(this.#random) : 0 };
    return operation === 'range' ? { ...request, part: { at: this.#random.double(), bytes: rangeBytes } } : request;
  }

  #operation(): Exclude<WorkOperation, 'fill'> {
    let left = this.#random.double() * this.#total;
    for (const [name, weight] of this.#weights) {
      left -= weight;
      if (left < 0) return name;
    }
    return 'get';
  }
}
