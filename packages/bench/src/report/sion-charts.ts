/** What a SION said of itself while it was loaded, as charts: who served, which functions were open, what windows held, what it cost. */
import type { TargetResult } from '../result.ts';
import type { SionSample } from '../run/sion-sample.ts';
import { type ChartSeries, escapeText, lineChart } from './chart.ts';
import { formatBytes, formatCount, formatUsd } from './quantities.ts';

export function sionCharts({ name, samples }: TargetResult): readonly string[] {
  if (samples.length < 2) return [];
  const chart = (title: string, formatY: (value: number) => string, series: readonly ChartSeries[], isStacked = true) =>
    lineChart({
      ...{ title: `${name}: ${title}`, xLabel: 'seconds since the run began', series, formatY, isStacked },
      formatX: (value) => `${Math.round(value)} s`,
    });
  return [
    `<h2>${escapeText(name)} from within</h2>`,
    '<p>As the proxy says; counts and dollars are those of this target’s turns. Dollars are without the proxy’s machine.</p>',
    chart('reads by source', formatCount, grown(samples, 'gets')),
    chart('invocations by cause', formatCount, grown(samples, 'invocations')),
    chart(
      'functions by state of their session',
      formatCount,
      tables(samples, ({ nodes }) => nodes),
    ),
    chart('functions that hold something', formatCount, [line('holding', samples, ({ holding }) => holding)], false),
    chart(
      'bytes in memory by window',
      formatBytes,
      tables(samples, ({ windowBytes }) => windowBytes),
    ),
    chart('dollars so far by cause', formatUsd, grown(samples, 'costUsd')),
    hourlyCost(name, samples),
  ];
}

/** Dollars per hour of load, stacked by cause; one bar per hour would be empty in most runs, so it is a rate. */
function hourlyCost(name: string, samples: readonly SionSample[]): string {
  const causes = Object.keys(samples.at(-1)?.costUsd ?? {});
  const series = causes.map((cause) => ({
    name: cause,
    points: samples.map((sample, at): [number, number] => {
      // Over up to ten seconds, since a session is billed when it ends.
      const before = samples.slice(Math.max(0, at - 10), at).find(({ round }) => round === sample.round);
      if (before === undefined || sample.atMs <= before.atMs) return [sample.atMs / 1000, 0];
      const usd = (sample.costUsd[cause] ?? 0) - (before.costUsd[cause] ?? 0);
      return [sample.atMs / 1000, (usd * 3_600_000) / (sample.atMs - before.atMs)];
    }),
  }));
  return lineChart({
    title: `${name}: dollars per hour by cause`,
    xLabel: 'seconds since the run began',
    ...{ series, isStacked: true, formatY: formatUsd, formatX: (value) => `${Math.round(value)} s` },
  });
}

function line(name: string, samples: readonly SionSample[], of: (sample: SionSample) => number): ChartSeries {
  return { name, points: samples.map((sample) => [sample.atMs / 1000, of(sample)]) };
}

function tables(
  samples: readonly SionSample[],
  of: (sample: SionSample) => Readonly<Record<string, number>>,
): readonly ChartSeries[] {
  const names = [...new Set(samples.flatMap((sample) => Object.keys(of(sample))))];
  return names.map((name) => line(name, samples, (sample) => of(sample)[name] ?? 0));
}

/** What has been added in the target's turns so far; names that stayed at nothing are left out. */
function grown(samples: readonly SionSample[], table: 'gets' | 'invocations' | 'costUsd'): readonly ChartSeries[] {
  const names = Object.keys(samples.at(-1)?.[table] ?? {});
  return names.flatMap((name) => {
    let sum = 0;
    const points = samples.map((sample, at): [number, number] => {
      const before = samples[at - 1];
      if (before !== undefined && before.round === sample.round) {
        sum += (sample[table][name] ?? 0) - (before[table][name] ?? 0);
      }
      return [sample.atMs / 1000, sum];
    });
    return sum > 0 ? [{ name, points }] : [];
  });
}
