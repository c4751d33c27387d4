/** A result as text for a terminal: per target what it did, how long it took by operation and size, and whether it counts. */
import type { BenchResult, LatencyResult, TargetResult } from '../result.ts';
import { growthOf } from '../run/sion-sample.ts';
import { formatBytes, formatCount, formatMs, formatRate, formatUsd } from './quantities.ts';
import { describeLoad, describeWorkload } from './settings-text.ts';

export function writeTerminalReport(result: BenchResult): string {
  const { settings, surroundings } = result;
  const head = [
    `${describeWorkload(settings)}; ${describeLoad(settings)}; seed ${settings.seed}`,
    `${surroundings.cpus} × ${surroundings.cpuModel}, load ${surroundings.loadAverage.toFixed(1)} at the start, Node ${surroundings.nodeVersion}, ${surroundings.startedAt}`,
    ...factsLine(result),
    ...(result.interrupted ? ['Broken off: this is what was measured until then.'] : []),
  ];
  return [...head, ...result.targets.flatMap(targetLines), ''].join('\n');
}

function factsLine({ facts }: BenchResult): readonly string[] {
  const { badRows = 0, copiesLeftOut = 0, objectBytes = 0, objects, requests = 0, rows = 0 } = facts;
  if (objects === undefined) return [];
  const left = [
    ...(badRows > 0 ? [`${formatCount(badRows)} bad rows`] : []),
    ...(copiesLeftOut > 0 ? [`${formatCount(copiesLeftOut)} copies`] : []),
  ];
  return [
    `${formatCount(rows)} rows read, ${formatCount(requests)} requests for ${formatCount(objects)} objects of ` +
      `${formatBytes(objectBytes)}${left.length > 0 ? `; left out: ${left.join(', ')}` : ''}`,
  ];
}

function targetLines(target: TargetResult): readonly string[] {
  const { bytes, busySeconds, failed, requests, verdict, told } = target;
  const lines = [
    '',
    `${target.name}  (${Object.entries(told)
      .map(([name, value]) => (name === 'protocol' ? value : `${name} ${value}`))
      .join(', ')})`,
    `  ${formatCount(requests)} requests in ${busySeconds.toFixed(1)} s: ${formatRate(target.requestsPerSecond)}, ` +
      `${formatBytes(target.bytesPerSecond)}/s, ${formatBytes(bytes)}${failed > 0 ? `; ${formatCount(failed)} failed` : ''}`,
    ...latencyTable(target),
    `  sent late by p50 ${formatMs(target.lagMs.p50Ms)}, p99 ${formatMs(target.lagMs.p99Ms)}; ` +
      `waited for a lane p99 ${formatMs(target.waitingMs.p99Ms)}; at most ${target.peakLanes} lanes`,
    `  read: ${verdictText(target)}`,
    ...Object.entries(target.failures).map(([reason, count]) => `  failed: ${formatCount(count)} × ${reason}`),
    ...sionLines(target),
    ...verdict.notes.map((note) => `  note: ${note}`),
    ...verdict.faults.map((fault) => `  INVALID: ${fault}`),
    ...(verdict.isVerified ? [] : ['  WRONG BYTES: what was read is not what was written']),
  ];
  return lines;
}

function verdictText({ verdicts }: TargetResult): string {
  const named = {
    right: 'verified',
    absent: 'rightly absent',
    miss: 'missing',
    stale: 'STALE',
    wrong: 'WRONG',
  } as const;
  const told = Object.entries(verdicts).flatMap(([verdict, count]) =>
    count === 0 ? [] : [`${formatCount(count)} ${named[verdict as keyof typeof named]}`],
  );
  return told.length === 0 ? 'nothing' : told.join(', ');
}

function latencyTable({ responseMs, rows, serviceMs }: TargetResult): readonly string[] {
  const head = ['', '', 'count', 'p50', 'p95', 'p99', 'p99.9', 'max', 'service p50', 'p99'];
  const all = { operation: 'all', sizeClass: '', responseMs, serviceMs };
  const cells = [...rows, all].map(
    ({
      operation,
      sizeClass,
      responseMs,
      serviceMs,
    }: Pick<LatencyResult, 'responseMs' | 'serviceMs' | 'sizeClass'> & { operation: string }) => [
      operation,
      sizeClass,
      formatCount(responseMs.count),
      ...[responseMs.p50Ms, responseMs.p95Ms, responseMs.p99Ms, responseMs.p999Ms, responseMs.maxMs].map(formatMs),
      ...[serviceMs.p50Ms, serviceMs.p99Ms].map(formatMs),
    ],
  );
  const widths = head.map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `  ${row.map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ')}`.trimEnd();
  return [line(head), ...cells.map(line)];
}

function sionLines({ samples }: TargetResult): readonly string[] {
  if (samples.length < 2) return [];
  const text = (table: 'gets' | 'invocations') =>
    Object.entries(growthOf(samples, table))
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name} ${formatCount(count)}`)
      .join(', ');
  const usd = Object.values(growthOf(samples, 'costUsd')).reduce((sum, each) => sum + each, 0);
  return [
    `  served by: ${text('gets') || 'nobody'}; invocations: ${text('invocations') || 'none'}; ` +
      `${formatUsd(usd)} without the proxy's machine`,
  ];
}
