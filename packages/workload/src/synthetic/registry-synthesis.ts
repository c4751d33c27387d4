/**
 * A workload like that of the IBM Docker registry in Dallas (Anwar et al., FAST'18), made from a seed: 50 hours of reads whose
 * sizes, popularity, reuse and rates are those that were measured. It stands in for the trace where that may not be handed on or
 * is too short. `registry-statistics` computes the rows; a test holds this against each of them.
 *
 * How it is made: how often each object is read follows from the popularity of ranks; the times between two reads of an object
 * are drawn, all together, from the distribution of reuse, and dealt out so that each object's reads fit into the time; the
 * first reads come in small batches (layers of one image) at a rate with a daily course.
 */
import { quantileAt, type SizeQuantile } from '../distributions/sizes.ts';
import { SeededRandom } from '../seeded-random.ts';
import type { TraceRecord } from '../traces/trace-record.ts';

export interface RegistrySynthesis {
  readonly seed: string;
  /** `large`: over 10 MB, as the papers replayed; `all`: with the small ones beside them. */
  readonly sizes: 'large' | 'all';
  /** What tells objects apart. */
  readonly key: 'uri' | 'digest';
}

/** In order of time. */
export function synthesizeRegistry({ key, seed, sizes }: RegistrySynthesis): readonly TraceRecord[] {
  const large = synthesizePart(largePart, `${seed} large`, key);
  const all = sizes === 'large' ? large : [...large, ...synthesizePart(smallPart, `${seed} small`, key)];
  return all.toSorted((a, b) => a.atMs - b.atMs);
}

interface Part {
  readonly name: string;
  readonly objects: number;
  readonly requests: number;
  readonly digests: number;
  /** Share of the objects that are read more than once. */
  readonly repeated: number;
  readonly quantiles: readonly SizeQuantile[];
  /** Of the most popular thousandth, the most popular first; without it, as all others. */
  readonly popularBytes?: readonly number[];
  /** Objects that are read often are not larger. */
  readonly maxOftenReadBytes: number;
}

const mb = 1e6;
const hours = 50;
const totalMs = hours * 3_600_000;

const largePart: Part = {
  name: 'large',
  objects: 12_541,
  requests: 37_474,
  digests: 9_569,
  repeated: 0.23,
  quantiles: [
    { share: 0, sizeBytes: 10 * mb },
    { share: 0.25, sizeBytes: 20.9 * mb },
    { share: 0.5, sizeBytes: 42.3 * mb },
    { share: 0.75, sizeBytes: 76 * mb },
    { share: 0.9, sizeBytes: 134 * mb },
    { share: 0.95, sizeBytes: 200 * mb },
    { share: 0.99, sizeBytes: 600 * mb },
    { share: 0.999, sizeBytes: 1_400 * mb },
    { share: 1, sizeBytes: 8_487 * mb },
  ],
  // A few layers of 52 to 54 MB were most of what was read.
  popularBytes: [52, 52.4, 54, 18, 52.8, 53.2, 21, 53.6, 51.8, 30, 54.2, 15, 52.2].map((each) => each * mb),
  maxOftenReadBytes: 600 * mb,
};

/** With them 65 % of all layers are under 1 MB and 80 % under 10 MB, at the rate of the papers' whole workload. */
const smallPart: Part = {
  name: 'small',
  objects: 50_164,
  requests: 145_226,
  digests: 38_276,
  repeated: 0.2,
  quantiles: [
    { share: 0, sizeBytes: 100 },
    { share: 0.3, sizeBytes: 2_000 },
    { share: 0.8125, sizeBytes: mb },
    { share: 1, sizeBytes: 10 * mb },
  ],
  maxOftenReadBytes: mb,
};

/** The top share of objects takes this share of all requests. */
const popularity = [
  { objects: 0.001, requests: 0.385 },
  { objects: 0.01, requests: 0.5 },
  { objects: 0.1, requests: 0.65 },
];

/** Share of re-reads that come within so many minutes. */
const reuse: readonly SizeQuantile[] = [
  { share: 0, sizeBytes: 0.03 },
  { share: 0.46, sizeBytes: 1 },
  { share: 0.796, sizeBytes: 10 },
  { share: 0.912, sizeBytes: 60 },
  { share: 0.934, sizeBytes: 100 },
  { share: 0.954, sizeBytes: 180 },
  { share: 0.967, sizeBytes: 360 },
  { share: 1, sizeBytes: 2_800 },
];

/** No object is read for longer. */
const maxSpanMs = totalMs * 0.97;
const minuteMs = 60_000;

function synthesizePart(part: Part, seed: string, key: 'uri' | 'digest'): readonly TraceRecord[] {
  const random = new SeededRandom(seed);
  const counts = readCounts(part);
  const sizes = objectSizes(part, counts, random);
  const gaps = dealGaps(counts, random);
  const starts = new StartTimes(random);
  return counts.flatMap((_, object) => {
    const own = gaps[object] ?? [];
    const spanMs = own.reduce((sum, gapMs) => sum + gapMs, 0);
    let atMs = starts.next(spanMs);
    const { digest, sizeBytes } = sizes[object] ?? { digest: 0, sizeBytes: 0 };
    const name = `${part.name}-${digest}`;
    const read = (): TraceRecord => ({
      atMs: Math.round(atMs),
      operation: 'get',
      key: key === 'digest' ? name : `v2/user${object}/repository/blobs/${name}`,
      sizeBytes,
    });
    const first = read();
    return [
      first,
      ...own.map((gapMs) => {
        atMs += gapMs;
        return read();
      }),
    ];
  });
}

/** How often each object is read, the most popular first. */
function readCounts({ objects, repeated, requests }: Part): readonly number[] {
  const ends = [...popularity.map((each) => Math.round(each.objects * objects)), Math.round(repeated * objects)];
  const once = objects - (ends.at(-1) ?? 0);
  const taken = [...popularity.map((each) => Math.round(each.requests * requests)), requests - once];
  const counts: number[] = [];
  let [from, before] = [0, 0];
  for (const [at, end] of ends.entries()) {
    const [members, reads] = [end - from, (taken[at] ?? 0) - before];
    counts.push(...spreadCounts(members, reads, counts.at(-1)));
    [from, before] = [end, taken[at] ?? 0];
  }
  return [...counts, ...new Array<number>(once).fill(1)];
}

/** Falling from a third above the mean to a third below it, never above the class before nor under 2. */
function spreadCounts(members: number, reads: number, most = Number.POSITIVE_INFINITY): readonly number[] {
  const mean = reads / members;
  const counts = Array.from({ length: members }, (_, at) => {
    const slope = members > 1 ? (1 / 3) * (1 - (2 * at) / (members - 1)) : 0;
    return Math.min(most, Math.max(2, Math.floor(mean * (1 + slope))));
  });
  let left = reads - counts.reduce((sum, count) => sum + count, 0);
  for (let at = 0; left > 0; at = (at + 1) % members, left--) counts[at] = (counts[at] ?? 0) + 1;
  for (let at = members - 1; left < 0; at = (at + members - 1) % members) {
    if ((counts[at] ?? 0) <= 2) continue;
    counts[at] = (counts[at] ?? 0) - 1;
    left++;
  }
  return counts;
}

/** Sizes lie evenly over the quantiles; those with one digest under several URIs have one size. */
function objectSizes(
  { digests, maxOftenReadBytes, objects, popularBytes = [], quantiles }: Part,
  counts: readonly number[],
  random: SeededRandom,
): readonly { readonly digest: number; readonly sizeBytes: number }[] {
  const doubled = objects - digests;
  // Neighbours in size share a digest, evenly over all sizes.
  const all = Array.from({ length: objects }, (_, at) => {
    const pair = Math.floor((at * doubled) / objects);
    const isSecond = at > 0 && Math.floor(((at - 1) * doubled) / objects) !== pair;
    const from = isSecond ? at - 1 : at;
    const share = at === objects - 1 ? 1 : (from + 0.5) / objects;
    return { digest: from, sizeBytes: Math.round(quantileAt(quantiles, share)) };
  });
  const shuffled = shuffle(all, random);
  const often = counts.filter((count) => count > 2).length;
  for (let object = 0, spare = objects - 1; object < often; object++) {
    while ((shuffled[object]?.sizeBytes ?? 0) > maxOftenReadBytes && spare > often) swap(shuffled, object, spare--);
  }
  return shuffled.map((each, object) => {
    const sizeBytes = popularBytes[object];
    return sizeBytes === undefined ? each : { digest: objects + object, sizeBytes };
  });
}

/** The times between reads, for each object; the popular ones get short ones, for they are read all the time. */
function dealGaps(counts: readonly number[], random: SeededRandom): readonly (readonly number[])[] {
  const total = counts.reduce((sum, count) => sum + count - 1, 0);
  const even = Array.from({ length: total }, (_, at) => quantileAt(reuse, (at + 0.5) / total) * minuteMs);
  let pool = shuffle(even, random);
  let later: number[] = [];
  return counts.map((count) => {
    const own: number[] = [];
    // Of an object that is read often, no gap may use up more than its share of the time by far.
    const mostMs = (6 * maxSpanMs) / Math.max(6, count - 1);
    let [spanMs, refused] = [0, 0];
    while (own.length < count - 1) {
      if (pool.length === 0) [pool, later] = [shuffle(later, random), []];
      const gapMs = pool.pop() ?? 0;
      if (refused < maxRefused && (gapMs > mostMs || spanMs + gapMs > maxSpanMs)) {
        later.push(gapMs);
        refused++;
      } else {
        own.push(Math.min(gapMs, maxSpanMs - spanMs));
        spanMs += Math.min(gapMs, maxSpanMs - spanMs);
      }
    }
    return shuffle(own, random);
  });
}

/** So many gaps are put back for one object before it takes what comes, cut to its time. */
const maxRefused = 5_000;

/** When objects are first read: in batches, at a rate with a daily course. */
class StartTimes {
  readonly #random: SeededRandom;
  #batchMs = 0;
  #left = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  next(spanMs: number): number {
    const room = totalMs - spanMs;
    if (this.#left <= 0 || this.#batchMs > room) {
      this.#batchMs = this.#draw(room);
      this.#left = Math.ceil(-Math.log(1 - this.#random.double()) * meanBatch);
    }
    this.#left--;
    this.#batchMs += -Math.log(1 - this.#random.double()) * batchGapMs;
    return Math.min(room, this.#batchMs);
  }

  /** By rejection: as likely as the course of the day says. */
  #draw(room: number): number {
    for (;;) {
      const atMs = this.#random.double() * room;
      if (this.#random.double() * mostRate < rateAt(atMs)) return atMs;
    }
  }
}

const meanBatch = 1;
const batchGapMs = 400;
const mostRate = 2.6;

/** Of first reads, at a time; a day has one long high and a deep low. */
function rateAt(atMs: number): number {
  const day = Math.sin((2 * Math.PI * (atMs / 3_600_000 - 8)) / 24);
  return Math.min(mostRate, 0.95 * Math.exp(0.7 * day));
}

function shuffle<T>(items: readonly T[], random: SeededRandom): T[] {
  const shuffled = [...items];
  for (let at = shuffled.length - 1; at > 0; at--) swap(shuffled, at, random.integer(at + 1));
  return shuffled;
}

function swap<T>(items: T[], one: number, other: number): void {
  const [a, b] = [items[one], items[other]];
  if (a === undefined || b === undefined) return;
  items[one] = b;
  items[other] = a;
}
