/**
 * `npm run bench:redis`: SION beside redis-server in one run, in turns, on the same values over as many connections. Exit
 * code 1 when a goal is missed, 2 when an option is wrong.
 */
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { runCommand, WrongOption, wholeNumber } from '../command-line/command-line.ts';
import { Report } from '../recovery-bench/report.ts';
import { measureRow, type RowOptions, type RowResult, type Speed } from './measure-row.ts';
import { redisVersion, sionSettings, startRedis, startSion } from './peers.ts';
import { connectionCounts, formatSize, goalOf, type Mode, megabyte, nameOf, rowsOf, sizes, type Wish } from './rows.ts';

const usage = `usage: npm run bench:redis -- [options]
  --sizes LIST        of values: ${sizes.map(formatSize).join(', ').replaceAll(' ', '')} (all)
  --connections LIST  (1,16,50)
  --operations LIST   GET, SET (both)
  --clients LIST      raw, ioredis (both)
  --modes LIST        memory beside Redis without persistence, journal beside appendfsync always (both)
  --rounds N          that count, of each row; the medians are told (5)
  --milliseconds N    of each server in each round, at least (1000)
redis-server has to be there (Debian: apt install redis-server).
Exit code: 0 every goal was met, 1 one was missed, 2 a wrong option.`;

interface Wanted extends RowOptions {
  readonly wish: Wish;
}

function listOf<T extends string>(name: string, text: string, known: readonly T[]): readonly T[] {
  return text.split(',').map((item) => {
    const found = known.find((each) => each.toLowerCase() === item.trim().toLowerCase());
    if (found === undefined) throw new WrongOption(`${name} ${item}: it has ${known.join(', ')}.`);
    return found;
  });
}

function readOptions(): Wanted | undefined {
  const sizeNames = sizes.map((size) => formatSize(size).replace(' ', ''));
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      sizes: { type: 'string', default: sizeNames.join(',') },
      connections: { type: 'string', default: connectionCounts.join(',') },
      operations: { type: 'string', default: 'GET,SET' },
      clients: { type: 'string', default: 'raw,ioredis' },
      modes: { type: 'string', default: 'memory,journal' },
      rounds: { type: 'string', default: '5' },
      milliseconds: { type: 'string', default: '1000' },
    },
  });
  if (values.help) return undefined;
  if (redisVersion() === undefined)
    throw new WrongOption('redis-server is not there (Debian: apt install redis-server).');
  const chosenSizes = listOf('--sizes', values.sizes, sizeNames);
  return {
    wish: {
      sizes: sizes.filter((size) => chosenSizes.includes(formatSize(size).replace(' ', ''))),
      connections: values.connections.split(',').map((count) => wholeNumber('--connections', count, 1000)),
      operations: listOf('--operations', values.operations, ['GET', 'SET'] as const),
      clients: listOf('--clients', values.clients, ['raw', 'ioredis'] as const),
      modes: listOf('--modes', values.modes, ['memory', 'journal'] as const),
    },
    rounds: wholeNumber('--rounds', values.rounds, 1000),
    seconds: wholeNumber('--milliseconds', values.milliseconds, 600_000) / 1000,
  };
}

async function run({ wish, ...options }: Wanted): Promise<number> {
  const report = new Report((line) => console.log(line));
  const [cpu] = cpus();
  report.say(`command: npm run bench:redis -- ${process.argv.slice(2).join(' ')}`.trimEnd());
  report.say(
    `machine: ${cpus().length} × ${cpu?.model ?? 'CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; Node ${process.version}; ` +
      `redis-server ${redisVersion()}; load average ${(loadavg()[0] ?? 0).toFixed(1)}`,
  );
  for (const mode of wish.modes) await measureMode(mode, wish, options, report);
  report.say(report.missed.length === 0 ? 'every goal was met' : `${report.missed.length} goals were missed`);
  return report.missed.length === 0 ? 0 : 1;
}

async function measureMode(mode: Mode, wish: Wish, options: RowOptions, report: Report): Promise<void> {
  const settings = Object.entries(sionSettings(mode)).map((pair) => pair.join('='));
  report.say('');
  report.say(
    `SION with ${settings.join(' ')}, directory store, 24 functions of 512 MB; Redis ` +
      (mode === 'journal' ? 'with appendfsync always' : 'without persistence') +
      `; ${options.rounds} rounds of ${options.seconds} s in turns; every value compared after each row`,
  );
  const redis = await startRedis(mode);
  try {
    const sion = await startSion(mode);
    try {
      report.say(heads.map((head, column) => head.padStart(widths[column] ?? 0)).join('  '));
      for (const row of rowsOf({ ...wish, modes: [mode] })) tell(await measureRow(redis, sion, row, options), report);
    } finally {
      await sion.stop();
    }
  } finally {
    await redis.stop();
  }
}

const heads = ['row', 'redis', 'SION', 'ratio', 'goal', 'redis p50/p99', 'SION p50/p99', 'CPU redis', 'CPU proxy'];
const widths = [34, 13, 13, 6, 5, 18, 18, 10, 10];

function tell({ row, redis, sion, ratio }: RowResult, report: Report): void {
  const goal = goalOf(row);
  const rate = ({ operationsPerSecond }: Speed) =>
    row.sizeBytes >= megabyte
      ? `${((operationsPerSecond * row.sizeBytes) / 1e9).toFixed(2)} GB/s`
      : `${operationsPerSecond.toFixed(0)}/s`;
  const times = ({ p50Ms, p99Ms }: Speed) => `${p50Ms.toFixed(2)}/${p99Ms.toFixed(2)} ms`;
  const cpuOf = ({ cpuMsPerOperation }: Speed) =>
    row.sizeBytes >= megabyte ? `${cpuMsPerOperation.toFixed(1)} ms` : `${(cpuMsPerOperation * 1000).toFixed(0)} µs`;
  const cells = [
    ...[nameOf(row), rate(redis), rate(sion), ratio.toFixed(2), goal?.toFixed(2) ?? ''],
    ...[times(redis), times(sion), cpuOf(redis), cpuOf(sion)],
  ];
  report.say(cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '));
  if (goal !== undefined && ratio < goal) report.miss(`${nameOf(row)}: ${ratio.toFixed(2)}, goal ${goal.toFixed(2)}`);
}

await runCommand(usage, readOptions, run);
