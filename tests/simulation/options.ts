/** The options of `npm run simulate`. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export const usage =
  'usage: npm run simulate -- [--seeds N | --seed S] [--series NAME] [--operations N] [--jobs N] [--first-failure] [--log]\n' +
  '  N is a whole number from 1. Seeds are random, or NAME-1 … NAME-N, or the one given.';

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

/** Undefined when an option is wrong, or help is asked for. */
export function readWanted(): Wanted | undefined {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '10' },
        seed: { type: 'string' },
        series: { type: 'string' },
        operations: { type: 'string', default: '2000' },
        jobs: { type: 'string', default: String(availableParallelism()) },
        'first-failure': { type: 'boolean', default: false },
        log: { type: 'boolean', default: false },
      },
    });
    const { seed, series, log } = values;
    const [seeds, operations, jobs] = [Number(values.seeds), Number(values.operations), Number(values.jobs)];
    const areCounts = [seeds, operations, jobs].every((count) => Number.isSafeInteger(count) && count >= 1);
    if (!areCounts) return undefined;
    return { ...{ seeds, seed, series, operations, jobs, log }, firstFailure: values['first-failure'] };
  } catch {
    return undefined;
  }
}
