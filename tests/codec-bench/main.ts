/**
 * `npm run bench:codec`: erasure coding beside memcpy and ISA-L, in turns within one run; every byte is verified outside
 * the measured time. Exit code 1 when a goal is missed, 2 when an option is wrong.
 */
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { choice, runCommand, wholeNumber } from '../command-line/command-line.ts';
import { Report } from '../recovery-bench/report.ts';
import { benchArrival } from './bench-arrival.ts';
import { benchShape } from './bench-shapes.ts';
import { compileIsal } from './isal-peer.ts';

const usage = `usage: npm run bench:codec -- [options]
  --only PART      large (10+2, chunks of 10 MB), shapes, in-cache or arrival (all, one after the other)
  --rounds N       that count, of each measurement; the medians are told (15)
ISA-L is measured beside it when gcc and the library are there (Debian: apt install gcc libc6-dev libisal-dev).
Exit code: 0 every goal was met, 1 one was missed, 2 a wrong option.`;

const parts = ['large', 'shapes', 'in-cache', 'arrival'] as const;

interface Wanted {
  readonly rounds: number;
  readonly chosen: readonly (typeof parts)[number][];
}

function readOptions(): Wanted | undefined {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string', default: '15' },
    },
  });
  if (values.help) return undefined;
  const rounds = wholeNumber('--rounds', values.rounds, 10_000);
  return { rounds, chosen: values.only === undefined ? parts : [choice('--only', values.only, parts)] };
}

async function run({ rounds, chosen }: Wanted): Promise<number> {
  const report = new Report((line) => console.log(line));
  const [cpu] = cpus();
  report.say(`command: npm run bench:codec -- ${process.argv.slice(2).join(' ')}`.trimEnd());
  report.say(
    `machine: ${cpus().length} × ${cpu?.model ?? 'CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; ` +
      `Node ${process.version}; load average ${(loadavg()[0] ?? 0).toFixed(1)}`,
  );
  const isal = await compileIsal((line) => report.say(line));
  const base = { rounds, measuredBytes: 1e9, isGoal: false };
  try {
    if (chosen.includes('large')) {
      await benchShape(isal, { ...base, shape: [10, 2], chunkBytes: 10e6, isGoal: true }, report);
    }
    if (chosen.includes('shapes')) {
      await benchShape(isal, { ...base, shape: [4, 2], chunkBytes: 10e6 }, report);
      await benchShape(isal, { ...base, shape: [10, 1], chunkBytes: 10e6 }, report);
      await benchShape(isal, { ...base, shape: [10, 4], chunkBytes: 10e6 }, report);
      await benchShape(isal, { ...base, shape: [10, 2], chunkBytes: 1024 * 1024 }, report);
    }
    if (chosen.includes('in-cache')) {
      await benchShape(isal, { ...base, shape: [10, 2], chunkBytes: 8 * 1024 }, report);
    }
    if (chosen.includes('arrival')) await benchArrival(rounds, 64 * 1024, report);
  } finally {
    await isal?.remove();
  }
  report.say(report.missed.length === 0 ? '\nevery goal was met' : `\n${report.missed.length} goals were missed`);
  return report.missed.length === 0 ? 0 : 1;
}

await runCommand(usage, readOptions, run);
