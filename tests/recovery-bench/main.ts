/**
 * `npm run bench:recovery`: how fast what a node has lost is held again, by one node and by many, and what readers notice.
 * Exit code 1 when a goal is missed, 2 when an option is wrong.
 */
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { readSettings } from '@sion/components';
import { proxySettingsSchema } from '@sion/proxy';
import { choice, runCommand, wholeNumber } from '../command-line/command-line.ts';
import { benchLive, benchReads, benchVirtual, benchVirtualReads, type Options, sweep } from './parts.ts';
import { Report } from './report.ts';

const usage = `usage: npm run bench:recovery -- [options]
  --only PART        live, virtual, reads, virtual-reads or sweep (all but the sweep, one after the other)
  --held-mb N        that a node of the local fleet holds and loses (512)
  --mb-per-second N  of an instance of the local fleet, and of the reads (4)
  --per-node N       chunks that a node brings back at a time (SION_RECOVERY_PER_NODE’s default)
  --failures N       of the reads (20)
  --samples N        of the reads (300)
Exit code: 0 every goal was met, 1 one was missed, 2 a wrong option.`;

const parts = {
  live: benchLive,
  virtual: benchVirtual,
  reads: benchReads,
  'virtual-reads': benchVirtualReads,
  sweep,
};
const usual = ['live', 'virtual', 'reads', 'virtual-reads'] as const;

interface Wanted {
  readonly options: Options;
  readonly chosen: readonly (keyof typeof parts)[];
}

function readOptions(): Wanted | undefined {
  const { recoveryPerNode } = readSettings(proxySettingsSchema, { environment: {} });
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      only: { type: 'string' },
      'held-mb': { type: 'string', default: '512' },
      'mb-per-second': { type: 'string', default: '4' },
      'per-node': { type: 'string', default: String(recoveryPerNode) },
      failures: { type: 'string', default: '20' },
      samples: { type: 'string', default: '300' },
    },
  });
  if (values.help) return undefined;
  const options: Options = {
    heldMb: wholeNumber('--held-mb', values['held-mb']),
    mbPerSecond: wholeNumber('--mb-per-second', values['mb-per-second']),
    perNode: wholeNumber('--per-node', values['per-node']),
    failures: wholeNumber('--failures', values.failures),
    samples: wholeNumber('--samples', values.samples),
  };
  const names = [...usual, 'sweep'] as const;
  return { options, chosen: values.only === undefined ? usual : [choice('--only', values.only, names)] };
}

async function run(wanted: Wanted): Promise<number> {
  const report = new Report((line) => console.log(line));
  const [cpu] = cpus();
  const load = loadavg()[0] ?? 0;
  report.say(`command: npm run bench:recovery -- ${process.argv.slice(2).join(' ')}`.trimEnd());
  report.say(
    `machine: ${cpus().length} × ${cpu?.model ?? 'CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; ` +
      `Node ${process.version}; load average ${load.toFixed(1)}`,
  );
  for (const name of wanted.chosen) await parts[name](wanted.options, report);
  report.say(report.missed.length === 0 ? 'every goal was met' : `${report.missed.length} goals were missed`);
  return report.missed.length === 0 ? 0 : 1;
}

await runCommand(usage, readOptions, run);
