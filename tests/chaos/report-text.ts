/** The report as people read it, at the end of a run. */
import type { Problem } from './record.ts';
import type { IncidentReport, Latency, LoadReport } from './report.ts';

/** The whole outcome of a run; what `--json` writes. */
export interface ChaosReport {
  readonly settings: Readonly<Record<string, string | number>>;
  readonly machine: string;
  readonly load: LoadReport;
  /** Whole reads by where the bytes came from, as the proxy counts them; sampled, so that a killed one takes some along. */
  readonly reads: Readonly<Record<string, number>>;
  readonly check: {
    /** Operations whose order was checked, and how many of them had an unknown result. */
    readonly operations: number;
    readonly unknowns: number;
    readonly keys: number;
    readonly readBack: number;
    readonly files: number;
  };
  readonly problems: readonly Problem[];
  readonly isInterrupted: boolean;
}

export function renderReport(report: ChaosReport): string {
  const { load } = report;
  return [
    '',
    ...renderIncidents(load.incidents),
    '',
    ...renderTotals(report),
    '',
    ...(report.problems.length === 0
      ? ['Nothing was lost and nothing was wrong.']
      : [
          `${report.problems.length} PROBLEMS:`,
          ...report.problems.slice(0, 50).map(({ kind, text }) => `  ${kind}: ${text}`),
        ]),
  ].join('\n');
}

const columns = [
  'fault',
  'times',
  'with errors',
  'errors',
  'errors for',
  'silent for',
  'p50 / p99 ms before',
  'during',
  'after',
];

/** One row per kind of fault that came alone, and one for those that met; times are the median and the longest. */
function renderIncidents(incidents: readonly IncidentReport[]): readonly string[] {
  const several = 'several at once';
  const nameOf = ({ kinds }: IncidentReport) => (kinds.length === 1 ? (kinds[0] ?? '') : several);
  const names = [...new Set(incidents.map(nameOf))].sort((a, b) =>
    a === several ? 1 : b === several ? -1 : a < b ? -1 : 1,
  );
  const rows = names.map((name) => {
    const own = incidents.filter((each) => nameOf(each) === name);
    const errors = own.map((each) => sum(Object.values(each.errors)));
    return [
      name,
      String(own.length),
      String(errors.filter((count) => count > 0).length),
      String(sum(errors)),
      spread(own.map(({ errorsForMs }) => errorsForMs)),
      spread(own.map(({ silentMs }) => silentMs)),
      ...(['before', 'during', 'after'] as const).map((phase) => latencies(own.map((each) => each[phase]))),
    ];
  });
  return table([columns, ...rows]);
}

function renderTotals({ load, reads, check, isInterrupted }: ChaosReport): readonly string[] {
  const whole = load.seconds.filter(({ requests, answered }) => requests > 0 && answered === requests).length;
  const none = load.seconds.filter(({ answered }) => answered === 0).length;
  const share = (part: number, of: number) => `${((100 * part) / Math.max(1, of)).toFixed(2)} %`;
  const counts = (each: Readonly<Record<string, number>>) =>
    Object.entries(each)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none';
  const shares = (each: LoadReport['byKind']) =>
    Object.entries(each)
      .map(([name, { requests, answered }]) => `${name} ${requests} (${share(answered, requests)})`)
      .join(', ');
  const { p50Ms, p99Ms } = load.latency;
  return table([
    ['answered', `${share(load.answered, load.requests)} of ${load.requests} requests, ${mib(load.answeredBytes)}`],
    ['seconds', `${load.seconds.length}: ${whole} with every request answered, ${none} with none`],
    ['faults', counts(countFaults(load.incidents))],
    ['errors', counts(load.errors)],
    ['by kind', shares(load.byKind)],
    ['by protocol', shares(load.byProtocol)],
    ['latency', `p50 ${ms(p50Ms)} ms, p99 ${ms(p99Ms)} ms (answered, at most 64 KiB)`],
    ['reads from', counts(reads)],
    ['checked', `${check.operations} operations on ${check.keys} keys, ${check.unknowns} of unknown result`],
    [
      'at the end',
      isInterrupted ? 'not read back: interrupted' : `${check.readBack} reads, ${check.files} files of the store`,
    ],
  ]);
}

function countFaults(incidents: readonly IncidentReport[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const kind of incidents.flatMap(({ kinds }) => kinds)) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function latencies(all: readonly Latency[]): string {
  const medians = (take: (latency: Latency) => number | undefined) => median(all.flatMap((each) => take(each) ?? []));
  return `${ms(medians(({ p50Ms }) => p50Ms))} / ${ms(medians(({ p99Ms }) => p99Ms))}`;
}

/** `1.2 s (4.0)`: the median and the longest. */
function spread(timesMs: readonly number[]): string {
  const longest = Math.max(0, ...timesMs);
  if (longest === 0) return '0';
  const seconds = (time: number) => (time / 1000).toFixed(1);
  return `${seconds(median(timesMs) ?? 0)} s (${seconds(longest)})`;
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function ms(value: number | undefined): string {
  return value === undefined ? '-' : value < 10 ? value.toFixed(1) : value.toFixed(0);
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
