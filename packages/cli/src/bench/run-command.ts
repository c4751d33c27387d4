/** `sion bench`: settings in, threads up, the run, its report; an invalid run or wrong bytes end with exit code 1. */

import { writeFile } from 'node:fs/promises';
import { cpus, loadavg, platform, totalmem } from 'node:os';
import {
  type BenchResult,
  type BenchSettings,
  formatBytes,
  formatCount,
  formatRate,
  type RunProgress,
  type RunSurroundings,
  runBench,
  type TargetSpec,
  writeHtmlReport,
  writeTerminalReport,
} from '@sion/bench';
import type { ProxyStatus } from '@sion/proxy';
import packageFile from '../../package.json' with { type: 'json' };
import { CliError } from '../cli-error.ts';
import type { Surroundings } from '../commands/surroundings.ts';
import { writeText } from '../text-output.ts';
import { startThreadWorker } from './thread-worker.ts';

export interface BenchRequest {
  readonly settings: BenchSettings;
  readonly command: string;
  readonly json?: string;
  readonly html?: string;
  readonly quiet?: boolean;
}

export async function runBenchCommand(request: BenchRequest, around: Surroundings): Promise<void> {
  const { settings } = request;
  const workers = Array.from({ length: settings.workers }, (_, index) =>
    startThreadWorker({ settings, share: { index, count: settings.workers } }),
  );
  let result: BenchResult;
  try {
    result = await runBench({
      ...{ clock: around.clock, settings, workers, signal: around.signal, statusOf },
      surroundings: surroundingsOf(request.command),
      tell: (progress) => {
        if (request.quiet !== true) around.errors.write(`${progressLine(progress)}\n`);
      },
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
  }
  if (request.json !== undefined) await writeReport(request.json, `${JSON.stringify(result, undefined, 1)}\n`);
  if (request.html !== undefined) await writeReport(request.html, writeHtmlReport(result));
  await writeText(around.output, writeTerminalReport(result));
  if (result.interrupted) throw around.signal.reason;
  const bad = result.targets.filter(({ verdict }) => !verdict.isVerified || !verdict.isValid);
  if (bad.length > 0)
    throw new CliError(1, `Not to be relied on: ${bad.map(({ name }) => name).join(', ')} (see above).`);
}

async function writeReport(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new CliError(1, `The report cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function progressLine({ phase, round, target, totals }: RunProgress): string {
  if (phase === 'fill') return `${target}: ${formatCount(totals.filled)} objects written beforehand`;
  const seconds = totals.runningMs / 1000;
  const rate = seconds > 0 ? formatRate(totals.requests / seconds) : '';
  const failed = totals.failures > 0 ? `, ${formatCount(totals.failures)} failed` : '';
  return `${target}: ${seconds.toFixed(0)} s, ${formatCount(totals.requests)} requests, ${rate}, ${formatBytes(totals.bytes)}${failed} (turn ${round + 1})`;
}

async function statusOf(spec: TargetSpec): Promise<ProxyStatus | undefined> {
  if (!('adminUrl' in spec) || spec.adminUrl === undefined) return undefined;
  const answer = await fetch(`${spec.adminUrl}/v1/status`, { signal: AbortSignal.timeout(2_000) });
  return answer.ok ? ((await answer.json()) as ProxyStatus) : undefined;
}

function surroundingsOf(command: string): RunSurroundings {
  return {
    // Passwords in addresses are nobody's business.
    command: command.replaceAll(/:[^:@\s/]+@/g, ':***@'),
    startedAt: new Date().toISOString(),
    sionVersion: packageFile.version,
    nodeVersion: process.version,
    platform: `${platform()} ${process.arch}`,
    cpuModel: cpus()[0]?.model ?? 'unknown',
    cpus: cpus().length,
    memoryBytes: totalmem(),
    loadAverage: loadavg()[0] ?? 0,
  };
}
