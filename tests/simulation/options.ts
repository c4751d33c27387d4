/** The options of `npm run simulate`. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { WrongOption, wholeNumber } from '../command-line/command-line.ts';

export const usage = `usage: npm run simulate -- [options]
  --seeds N        so many simulations (10), from random seeds or those of --series
  --seed S         this one simulation; not with --seeds or --series
  --series NAME    the seeds NAME-1 … NAME-N
  --operations N   operations of clients in each (2000)
  --jobs N         simulations at a time (as many as the machine has cores)
  --first-failure  end at the first one that fails
  --log            the history also of those that hold
Exit code: 0 all hold, 1 one fails, 2 a wrong option.`;

export interface Wanted {
  readonly seeds: number;
  readonly seed: string | undefined;
  /** Names the seeds. */
  readonly series: string | undefined;
  readonly operations: number;
  /** Simulations at a time. */
  readonly jobs: number;
  readonly firstFailure: boolean;
  readonly log: boolean;
}

/** Undefined when help is asked for. Throws when an option is wrong. */
export function readWanted(args: readonly string[]): Wanted | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      seeds: { type: 'string' },
      seed: { type: 'string' },
      series: { type: 'string' },
      operations: { type: 'string', default: '2000' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      'first-failure': { type: 'boolean', default: false },
      log: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { seeds, seed, series, log } = values;
  if (seed === '' || series === '') throw new WrongOption('--seed and --series need a name.');
  if (seed !== undefined && (seeds !== undefined || series !== undefined)) {
    throw new WrongOption('--seed runs one simulation: it excludes --seeds and --series.');
  }
  return {
    ...{ seed, series, log, firstFailure: values['first-failure'] },
    seeds: wholeNumber('--seeds', seeds ?? '10'),
    operations: wholeNumber('--operations', values.operations),
    jobs: wholeNumber('--jobs', values.jobs),
  };
}
