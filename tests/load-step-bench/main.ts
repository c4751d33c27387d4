/**
 * `npm run bench:load-step`: what more readers get when one of them already has all that its functions deliver, and what
 * small reads notice of large ones. Exit code 1 when a goal is missed, 2 when an option is wrong.
 */
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { choice, runCommand, wholeNumber } from '../command-line/command-line.ts';
import { Report } from '../recovery-bench/report.ts';
import { benchLoadStep, type LoadStepOptions } from './load-step.ts';
import { benchSmallBesideLarge, type SmallReadsOptions } from './small-beside-large.ts';
import { benchVirtualLoadStep } from './virtual-load-step.ts';
import { benchVirtualSmallReads, type VirtualSmallReadsOptions } from './virtual-small-reads.ts';

const usage = `usage: npm run bench:load-step -- [options]
  --only PART        load-step, small-beside-large, virtual-load-step or virtual-small-reads (all, one after the other)
  --mb-per-second N  of an instance, in the load step (2)
  --seconds N        of each step (90)
  --small-mb-per-second N  of an instance, with small reads beside large ones (4)
  --small-reads N    of each measurement (2000)
  --virtual-mb-per-second N  of a node, in virtual time (20)
  --virtual-reads N  of each measurement there (300)
Exit code: 0 every goal was met, 1 one was missed, 2 a wrong option.`;

const parts = {
  'load-step': benchLoadStep,
  'small-beside-large': benchSmallBesideLarge,
  'virtual-load-step': benchVirtualLoadStep,
  'virtual-small-reads': benchVirtualSmallReads,
} as const;
const names = ['load-step', 'small-beside-large', 'virtual-load-step', 'virtual-small-reads'] as const;

interface Wanted {
  readonly options: LoadStepOptions & SmallReadsOptions & VirtualSmallReadsOptions;
  readonly chosen: readonly (keyof typeof parts)[];
}

function readOptions(): Wanted | undefined {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      only: { type: 'string' },
      'mb-per-second': { type: 'string', default: '2' },
      seconds: { type: 'string', default: '90' },
      'small-mb-per-second': { type: 'string', default: '4' },
      'small-reads': { type: 'string', default: '2000' },
      'virtual-mb-per-second': { type: 'string', default: '20' },
      'virtual-reads': { type: 'string', default: '300' },
    },
  });
  if (values.help) return undefined;
  const options = {
    mbPerSecond: wholeNumber('--mb-per-second', values['mb-per-second']),
    seconds: wholeNumber('--seconds', values.seconds),
    smallMbPerSecond: wholeNumber('--small-mb-per-second', values['small-mb-per-second']),
    smallReads: wholeNumber('--small-reads', values['small-reads']),
    virtualMbPerSecond: wholeNumber('--virtual-mb-per-second', values['virtual-mb-per-second']),
    virtualReads: wholeNumber('--virtual-reads', values['virtual-reads']),
  };
  return { options, chosen: values.only === undefined ? names : [choice('--only', values.only, names)] };
}

async function run({ options, chosen }: Wanted): Promise<number> {
  const report = new Report((line) => console.log(line));
  const [cpu] = cpus();
  const load = loadavg()[0] ?? 0;
  report.say(`command: npm run bench:load-step -- ${process.argv.slice(2).join(' ')}`.trimEnd());
  report.say(
    `machine: ${cpus().length} × ${cpu?.model ?? 'CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; ` +
      `Node ${process.version}; load average ${load.toFixed(1)}`,
  );
  for (const name of chosen) await parts[name](options, report);
  report.say(report.missed.length === 0 ? 'every goal was met' : `${report.missed.length} goals were missed`);
  return report.missed.length === 0 ? 0 : 1;
}

await runCommand(usage, readOptions, run);
