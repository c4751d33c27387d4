/** The command line of `npm run chaos`, read and checked before anything is started. */
import { parseArgs } from 'node:util';
import { choice, WrongOption, wholeNumber } from '../command-line/command-line.ts';

/** How writes ask to be acknowledged; `mixed`: each client in its own way. */
export type ChaosDurability = 'store' | 'journal' | 'memory' | 'mixed';

export interface ChaosOptions {
  readonly minutes: number;
  /** Of the plan and of what clients ask for; what happens when is the machine's affair. */
  readonly seed: string;
  readonly durability: ChaosDurability;
  readonly clients: number;
  /** Where the whole report goes as JSON. */
  readonly json: string | undefined;
}

export const usage = `usage: npm run chaos -- [options]
  --minutes M      how long it is loaded and disturbed, above 0, at most 1440 (10)
  --seed S         of what is done and asked for (drawn)
  --durability D   store, journal, memory or mixed (store)
  --clients N      from 1 to 24 (12)
  --json FILE      the whole report goes there
Exit code: 0 nothing was lost and nothing was wrong, 1 something was, 2 a wrong option, 130 interrupted.`;

const durabilities: readonly ChaosDurability[] = ['store', 'journal', 'memory', 'mixed'];

/** Undefined when help is asked for. Throws when an option is wrong. */
export function readOptions(args: readonly string[], drawnSeed: string): ChaosOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: drawnSeed },
      durability: { type: 'string', default: 'store' },
      clients: { type: 'string', default: '12' },
      json: { type: 'string' },
    },
  });
  if (values.help) return undefined;
  const { seed, json } = values;
  if (seed === '' || json === '') throw new WrongOption('--seed and --json need a value.');
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 1440)) {
    throw new WrongOption(`--minutes is ${JSON.stringify(values.minutes)}, but must be above 0 and at most 1440.`);
  }
  const durability = choice('--durability', values.durability, durabilities);
  return { minutes, seed, durability, clients: wholeNumber('--clients', values.clients, 24), json };
}
