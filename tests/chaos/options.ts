/** The command line of `npm run chaos`, read and checked before anything is started. */
import { parseArgs } from 'node:util';

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

export const usage =
  'usage: npm run chaos -- [--minutes M] [--seed S] [--durability store|journal|memory|mixed] [--clients N] [--json FILE]\n' +
  '       M is above 0 and at most 1440 (10), N is from 1 to 24 (12)';

const durabilities: readonly ChaosDurability[] = ['store', 'journal', 'memory', 'mixed'];

/** Undefined when something is wrong with them, or help is asked for. */
export function readOptions(args: readonly string[], drawnSeed: string): ChaosOptions | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '10' },
        seed: { type: 'string', default: drawnSeed },
        durability: { type: 'string', default: 'store' },
        clients: { type: 'string', default: '12' },
        json: { type: 'string' },
      },
    });
    const [minutes, clients] = [Number(values.minutes), Number(values.clients)];
    const durability = durabilities.find((each) => each === values.durability);
    const areCounts = minutes > 0 && minutes <= 1440 && Number.isInteger(clients) && clients >= 1 && clients <= 24;
    if (!areCounts || durability === undefined || values.seed === '' || values.json === '') return undefined;
    return { minutes, seed: values.seed, durability, clients, json: values.json };
  } catch {
    return undefined;
  }
}
