/**
 * What a restart costs: `npm run bench:restart`. Fills a directory with small objects, writes its snapshot to the disk, and
 * begins anew with it, once after an orderly stop and once after a crash.
 */
import { parseArgs } from 'node:util';
import { parseStripes } from '@sion/core';
import { asSionError } from '@sion/wire';
import { runCommand, WrongOption, wholeNumber } from '../command-line/command-line.ts';
import { measureRestart } from './measure-restart.ts';

const usage = `usage: npm run bench:restart -- [options]
  --entries N      objects in memory (100000)
  --stripes TABLE  as SION_STRIPES (*=1+1)`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      entries: { type: 'string', default: '100000' },
      stripes: { type: 'string', default: '*=1+1' },
    },
  });
  if (values.help) return undefined;
  try {
    parseStripes(values.stripes);
  } catch (error) {
    throw new WrongOption(`--stripes is ${JSON.stringify(values.stripes)}: ${asSionError(error).message}`);
  }
  return { entries: wholeNumber('--entries', values.entries), stripes: values.stripes };
}

await runCommand(usage, readOptions, async (options) => {
  await measureRestart(options, (line) => process.stdout.write(`${line}\n`));
  return 0;
});
