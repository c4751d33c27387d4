/** Latencies of a target put together for a chart: by size class, and as a cumulative distribution. */
import type { WorkOperation } from '@sion/workload';
import { Latency, type LatencySummary } from '../record/latency.ts';
import { sizeClasses } from '../record/size-classes.ts';
import type { TargetResult } from '../result.ts';

export interface ClassLatency {
  readonly label: string;
  readonly summary: LatencySummary;
}

/** Response times of reads, whole and ranged, by size class; classes without any are left out. */
export function latencyByClass({ rows }: TargetResult): readonly ClassLatency[] {
  return sizeClasses.flatMap(({ label }) => {
    const reads = rows.filter(
      (row) => row.sizeClass === label && (row.operation === 'get' || row.operation === 'range'),
    );
    if (reads.length === 0) return [];
    const all = new Latency();
    for (const { response } of reads) all.add(Latency.decode(response));
    return [{ label, summary: all.summary() }];
  });
}

/** Points (milliseconds, share) of an operation's distribution over all sizes. */
export function cdfOf(
  { rows }: TargetResult,
  operation: WorkOperation,
  which: 'response' | 'service',
): readonly (readonly [number, number])[] {
  const all = new Latency();
  for (const row of rows) if (row.operation === operation) all.add(Latency.decode(row[which]));
  if (all.count === 0) return [];
  return shares.map((share) => [all.at(share * 100), share] as const);
}

/** Finer towards the end, where the tail is. */
const shares: readonly number[] = [
  ...Array.from({ length: 99 }, (_, at) => (at + 1) / 100),
  ...[0.992, 0.995, 0.997, 0.998, 0.999, 0.9995, 0.9999, 1],
];
