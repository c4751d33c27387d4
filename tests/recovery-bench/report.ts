/** What the measurements of recovery print: tables, goals, and whether they were met. */
import type { RecoveryResult } from './virtual-recovery.ts';

/** Of the speed-up over one node that so many nodes must reach. */
const leastShare = 0.8;

/** Of the latency without a failure that a read during a recovery may have. */
const mostLatencyRatio = 1.5;

/** Prints a line, and remembers what was missed. */
export class Report {
  readonly missed: string[] = [];
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  say(line: string): void {
    this.#print(line);
  }

  miss(what: string): void {
    this.missed.push(what);
    this.#print(`MISSED: ${what}`);
  }

  /** Rows under their heads, right-aligned. */
  table(rows: readonly (readonly string[])[]): void {
    const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
    for (const row of rows) this.#print(row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '));
  }

  /** Recoveries by growing spread, the first by one node; each must be fast enough for its nodes. */
  recoveries(where: string, results: readonly RecoveryResult[], bytesPerSecond: number): void {
    const [single] = results;
    if (single === undefined) return;
    const rows = results.map((result) => {
      const { spread, seconds, dataChunks, dataBytes, parityChunks, givenUpChunks } = result;
      const speedUp = dataBytes / seconds / (single.dataBytes / single.seconds);
      const floor = dataBytes / bytesPerSecond / spread;
      if (speedUp < leastShare * spread) {
        this.miss(`${where}, R = ${spread}: speed-up ${speedUp.toFixed(2)}, below ${leastShare}·R`);
      }
      if (givenUpChunks > 0) this.miss(`${where}, R = ${spread}: ${givenUpChunks} chunks were given up`);
      return [
        ...[String(spread), seconds.toFixed(2), floor.toFixed(2), speedUp.toFixed(2), (speedUp / spread).toFixed(2)],
        ...[(dataBytes / seconds / 1e6).toFixed(0), String(dataChunks), (dataBytes / 1e6).toFixed(0)],
        String(parityChunks),
      ];
    });
    const heads = ['R', 'seconds', 'floor', 'speed-up', 'of R', 'MB/s', 'data chunks', 'MB', 'parity left'];
    this.table([heads, ...rows]);
  }

  /** Reads with and without a failure. */
  reads(undisturbedMs: readonly number[], recoveringMs: readonly number[]): void {
    const row = (name: string, times: readonly number[]) => [
      ...[name, String(times.length)],
      ...[0.5, 0.95, 0.99].map((share) => quantile(times, share).toFixed(0)),
      Math.max(...times).toFixed(0),
    ];
    this.table([
      ['ms', 'reads', 'p50', 'p95', 'p99', 'most'],
      row('no failure', undisturbedMs),
      row('recovering', recoveringMs),
    ]);
    const ratio = quantile(recoveringMs, 0.99) / quantile(undisturbedMs, 0.99);
    this.#print(`p99 while recovering is ${ratio.toFixed(2)} times that without a failure`);
    if (ratio > mostLatencyRatio)
      this.miss(`reads: p99 is ${ratio.toFixed(2)} times as long, above ${mostLatencyRatio}`);
  }
}

/** The value that this share of them does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
