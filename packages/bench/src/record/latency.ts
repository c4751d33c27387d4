/**
 * Latencies as HdrHistograms: microseconds up to an hour, three digits. They travel and are kept in the format that every
 * HdrHistogram tool reads (V2, deflated, base64), so a result holds the whole distribution.
 */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

const maxMicros = 3_600_000_000;

/** What is told of a distribution; milliseconds. */
export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export class Latency {
  readonly #histogram: Histogram;

  constructor(histogram: Histogram = build({ highestTrackableValue: maxMicros, numberOfSignificantValueDigits: 3 })) {
    this.#histogram = histogram;
  }

  static decode(text: string): Latency {
    return new Latency(decodeFromCompressedBase64(text));
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  record(ms: number): void {
    this.#histogram.recordValue(Math.min(maxMicros, Math.max(0, Math.round(ms * 1000))));
  }

  add(other: Latency): void {
    this.#histogram.add(other.#histogram);
  }

  /** Milliseconds that this share of all took at most; `percent` 0 … 100. */
  at(percent: number): number {
    return this.count === 0 ? 0 : this.#histogram.getValueAtPercentile(percent) / 1000;
  }

  summary(): LatencySummary {
    const isEmpty = this.count === 0;
    return {
      count: this.count,
      meanMs: isEmpty ? 0 : this.#histogram.mean / 1000,
      p50Ms: this.at(50),
      p90Ms: this.at(90),
      p95Ms: this.at(95),
      p99Ms: this.at(99),
      p999Ms: this.at(99.9),
      maxMs: isEmpty ? 0 : this.#histogram.maxValue / 1000,
    };
  }

  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }

  reset(): void {
    this.#histogram.reset();
  }
}
