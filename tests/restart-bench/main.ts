/**
 * What a restart costs: `npm run bench:restart`. Fills a directory with small objects, writes its snapshot to the disk, and
 * begins anew with it, once after an orderly stop and once after a crash.
 *
 *     --entries N     objects in memory (100000)
 *     --stripes TABLE as SION_STRIPES ("*=1+1")
 */
import { parseArgs } from 'node:util';
import { measureRestart } from './measure-restart.ts';

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    entries: { type: 'string', default: '100000' },
    stripes: { type: 'string', default: '*=1+1' },
  },
});

if (values.help) {
  process.stdout.write('usage: npm run bench:restart -- [--entries N] [--stripes TABLE]\n');
} else {
  const entries = Number(values.entries);
  if (!Number.isInteger(entries) || entries < 1) throw new Error(`--entries is ${values.entries}, which is no count`);
  await measureRestart({ entries, stripes: values.stripes }, (line) => process.stdout.write(`${line}\n`));
}
