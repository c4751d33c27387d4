/**
 * `npm run bench:recovery`: how fast what a node has lost is held again, by one node and by many, and what readers notice.
 * Exit code 1 when a goal is missed, 2 when an option is wrong.
 *
 *     --only PART               one of live, virtual, reads, virtual-reads and sweep (all but the sweep, one after the other)
 *     --held-mb N               that a node of the local fleet holds and loses (512)
 *     --mb-per-second N         of an instance of the local fleet, and of the reads (4)
 *     --per-node N              chunks that a node brings back at a time (SION_RECOVERY_PER_NODE's default)
 *     --failures N, --samples N of the reads (20, 300)
 */
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { readSettings } from '@sion/components';
import { proxySettingsSchema } from '@sion/proxy';
import { benchLive, benchReads, benchVirtual, benchVirtualReads, type Options, sweep } from './parts.ts';
import { Report } from './report.ts';

const usage =
  'usage: npm run bench:recovery -- [--only live|virtual|reads|virtual-reads|sweep] [--held-mb N] [--mb-per-second N] [--per-node N] ' +
  '[--failures N] [--samples N]';

const parts = {
  live: benchLive,
  virtual: benchVirtual,
  reads: benchReads,
  'virtual-reads': benchVirtualReads,
  sweep,
};
const usual = ['live', 'virtual', 'reads', 'virtual-reads'] as const;

function readOptions(): { options: Options; chosen: readonly (keyof typeof parts)[] } | undefined {
  const { recoveryPerNode } = readSettings(proxySettingsSchema, { environment: {} });
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        'held-mb': { type: 'string', default: '512' },
        'mb-per-second': { type: 'string', default: '4' },
        'per-node': { type: 'string', default: String(recoveryPerNode) },
        failures: { type: 'string', default: '20' },
        samples: { type: 'string', default: '300' },
      },
    });
    const options: Options = {
      heldMb: Number(values['held-mb']),
      mbPerSecond: Number(values['mb-per-second']),
      perNode: Number(values['per-node']),
      failures: Number(values.failures),
      samples: Number(values.samples),
    };
    if (!Object.values(options).every((value) => Number.isInteger(value) && value >= 1)) return undefined;
    const only = Object.keys(parts).find((name): name is keyof typeof parts => name === values.only);
    if (only === undefined && values.only !== undefined) return undefined;
    return { options, chosen: only === undefined ? usual : [only] };
  } catch {
    return undefined;
  }
}

const wanted = readOptions();
if (wanted === undefined) {
  console.error(usage);
  process.exitCode = 2;
} else {
  const report = new Report((line) => console.log(line));
  const [cpu] = cpus();
  const load = loadavg()[0] ?? 0;
  report.say(`command: npm run bench:recovery -- ${process.argv.slice(2).join(' ')}`.trimEnd());
  report.say(
    `machine: ${cpus().length} × ${cpu?.model ?? 'CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; ` +
      `Node ${process.version}; load average ${load.toFixed(1)}`,
  );
  for (const name of wanted.chosen) await parts[name](wanted.options, report);
  process.exitCode = report.missed.length === 0 ? 0 : 1;
  report.say(report.missed.length === 0 ? 'every goal was met' : `${report.missed.length} goals were missed`);
}
