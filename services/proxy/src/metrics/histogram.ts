/**
 * Durations in buckets: plain numbers in typed arrays, so that counting one allocates nothing. Buckets are not
 * cumulative here; whoever renders them adds up. The bounds are fixed, so that histograms of several proxies add.
 */

/** Upper bounds in seconds, inclusive: 100 µs, where memory answers, to 100 s, where a large upload ends. */
export const durationBoundsSeconds: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100,
];

/** What a histogram has counted; `counts` has one more place than there are bounds, for all that is longer. */
export interface DurationCounts {
  readonly counts: readonly number[];
  readonly sumSeconds: number;
  readonly count: number;
}

/** Counts durations by {@link durationBoundsSeconds}. */
export class DurationHistogram {
  readonly #bounds = Float64Array.from(durationBoundsSeconds);
  readonly #counts = new Float64Array(durationBoundsSeconds.length + 1);
  #sumSeconds = 0;
  #count = 0;

  /** Counts one duration; what is negative or not a number (a clock's defect) counts as zero. */
  observe(seconds: number): void {
    const value = seconds > 0 ? seconds : 0;
    const place = this.#placeOf(value);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#sumSeconds += value;
    this.#count += 1;
  }

  counts(): DurationCounts {
    return { counts: Array.from(this.#counts), sumSeconds: this.#sumSeconds, count: this.#count };
  }

  /** The first bound that is not below `value`, by halving. */
  #placeOf(value: number): number {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (this.#bounds[middle] ?? Number.POSITIVE_INFINITY)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
