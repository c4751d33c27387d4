/** Settings in a line. */
import type { BenchSettings, TraceSettings } from '../settings.ts';
import { formatBytes } from './quantities.ts';

export function describeWorkload({ workload }: BenchSettings): string {
  if (workload.kind === 'trace') return describeTrace(workload);
  const { keys, mix, name, records, sizes, zipf } = workload;
  const parts = Object.entries(mix).map(([operation, weight]) => `${operation} ${weight}`);
  const title = name === 'custom' ? 'Mix' : `YCSB ${name}`;
  return `${title} (${parts.join(', ')}; ${keys === 'uniform' ? keys : `${keys} ${zipf}`}), ${records} objects of ${sizes}`;
}

function describeTrace(trace: TraceSettings): string {
  const { file, firstTouch, fromHour, key, maxBytes, maxGapSeconds, sample, sizeScale, speed, toHour } = trace;
  return [
    `Trace ${file}, key ${key}, ${firstTouch === 'put' ? 'first reads are preceded by their PUT' : 'objects exist beforehand'}`,
    ...(speed === 1 ? [] : [`${speed} times as fast`]),
    ...(maxGapSeconds === 0 ? [] : [`pauses of at most ${maxGapSeconds} s`]),
    ...(fromHour === 0 && toHour === 0 ? [] : [`hours ${fromHour} to ${toHour === 0 ? 'the end' : toHour}`]),
    ...(sample === 1 ? [] : [`${sample * 100} % of the objects`]),
    ...(sizeScale === 1 ? [] : [`sizes × ${sizeScale}`]),
    ...(maxBytes === 0 ? [] : [`sizes of at most ${formatBytes(maxBytes)}`]),
  ].join(', ');
}

export function describeLoad(settings: BenchSettings): string {
  const { lanes, requests, rounds, seconds, targets, workers } = settings;
  const ends = [...(seconds > 0 ? [`${seconds} s`] : []), ...(requests > 0 ? [`${requests} requests`] : [])];
  return [
    describePace(settings),
    `${settings.load.mode === 'closed' ? '' : 'at most '}${lanes} lanes`,
    ...(workers > 1 ? [`${workers} workers`] : []),
    ...(ends.length > 0 ? [ends.join(' or ')] : []),
    ...(targets.length > 1 ? [`${rounds} turns each`] : []),
  ].join(', ');
}

function describePace({ load }: BenchSettings): string {
  if (load.mode === 'closed') return 'closed loop';
  const { rate } = load;
  switch (rate.kind) {
    case 'recorded':
      return 'open loop, at the recorded times';
    case 'bursts': {
      const { basePerSecond, intervalSeconds, maxFactor, shape } = rate;
      return `open loop, bursts from ${basePerSecond}/s (Pareto ${shape}, at most × ${maxFactor}, each ${intervalSeconds} s)`;
    }
    case 'steps': {
      const isOne = rate.steps.length === 1;
      const steps = rate.steps.map(({ perSecond, seconds }) => `${perSecond}/s${isOne ? '' : ` for ${seconds} s`}`);
      return `open loop, ${steps.join(', ')}, ${'arrivals' in load ? load.arrivals : ''} arrivals`;
    }
  }
}
