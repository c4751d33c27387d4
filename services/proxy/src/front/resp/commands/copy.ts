import { integerReply } from '@sion/wire';
import type { Command } from '../command.ts';
import { requireDatabase } from '../database.ts';
import { copyObject } from '../object-copy.ts';
import { ReplyError, syntaxError } from '../redis-errors.ts';

/** COPY source destination [DB destination-db] [REPLACE]; each of the two keys by itself. */
export const copy: Command = {
  name: 'copy',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: {
    ...{ first: 1, last: 2, step: 1, flags: [] },
    specifications: [
      { first: 1, last: 1, step: 1, flags: ['RO', 'access'] },
      { first: 2, last: 2, step: 1, flags: ['OW', 'update'] },
    ],
  },
  group: 'generic',
  summary: 'Copy a key',
  since: '6.2.0',
  complexity: 'O(N) where N is the length of the value. Atomic for each of the two keys, not for both.',
  async run(call) {
    const replaces = readOptions(call.args.slice(3));
    const [from = '', to = ''] = call.keys;
    if (from === to) throw new ReplyError('ERR source and destination objects are the same');
    const mayReplace = (there: unknown) => replaces || there === undefined;
    const { kind } = await copyObject(call, { from, to, mayReplace });
    return integerReply(kind === 'copied' ? 1 : 0);
  },
};

/** Whether the destination may be there. */
function readOptions(args: readonly Buffer[]): boolean {
  let replaces = false;
  for (let at = 0; at < args.length; at += 1) {
    const option = args[at]?.toString('latin1').toLowerCase();
    if (option === 'replace') {
      replaces = true;
    } else if (option === 'db' && at + 1 < args.length) {
      at += 1;
      requireDatabase(args[at]);
    } else {
      throw syntaxError();
    }
  }
  return replaces;
}
