/** SELECT: there is one database, 0; clients that choose it by habit are told OK. */
import { okReply } from '@sion/wire';
import type { Command } from '../command.ts';
import { requireInteger } from '../numbers.ts';
import { ReplyError } from '../redis-errors.ts';

const leastInt = -2147483648n;
const greatestInt = 2147483647n;

/** SELECT index; there is one database, 0. */
export const select: Command = {
  name: 'select',
  arity: 2,
  flags: ['loading', 'stale', 'fast'],
  group: 'connection',
  summary: 'Change the selected database for the current connection',
  since: '1.0.0',
  complexity: 'O(1)',
  run({ args }) {
    const index = requireInteger(args[1]);
    if (index < leastInt || index > greatestInt) {
      throw new ReplyError(`ERR value is out of range, value must between ${leastInt} and ${greatestInt}`);
    }
    if (index !== 0n) throw new ReplyError('ERR DB index is out of range');
    return okReply;
  },
};
