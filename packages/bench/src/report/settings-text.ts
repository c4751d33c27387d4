/** Settings in a line. */
import type { BenchSettings } from '../settings.ts';

export function describeWorkload({ workload }: BenchSettings): string {
  const { keys, mix, name, records, sizes, zipf } = workload;
  const parts = Object.entries(mix).map(([operation, weight]) => `${operation} ${weight}`);
  const title = name === 'custom' ? 'Mix' : `YCSB ${name}`;
  return `${title} (${parts.join(', ')}; ${keys === 'uniform' ? keys : `${keys} ${zipf}`}), ${records} objects of ${sizes}`;
}

export function describeLoad({ lanes, load, requests, rounds, seconds, targets, workers }: BenchSettings): string {
  const ends = [...(seconds > 0 ? [`${seconds} s`] : []), ...(requests > 0 ? [`${requests} requests`] : [])].join(
    ' or ',
  );
  const turns = targets.length > 1 ? `, ${rounds} turns each` : '';
  const by = workers > 1 ? `, ${workers} workers` : '';
  if (load.mode === 'closed') return `closed loop, ${lanes} lanes${by}, ${ends}${turns}`;
  const { rate } = load;
  const text =
    rate.kind === 'bursts'
      ? `bursts from ${rate.basePerSecond}/s (Pareto ${rate.shape}, at most × ${rate.maxFactor}, each ${rate.intervalSeconds} s)`
      : rate.steps
          .map(({ perSecond, seconds: each }) => `${perSecond}/s${rate.steps.length > 1 ? ` for ${each} s` : ''}`)
          .join(', ');
  return `open loop, ${text}, ${load.arrivals} arrivals, at most ${lanes} lanes${by}, ${ends}${turns}`;
}
