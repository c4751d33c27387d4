/** SETNX: SET with NX, from before that was there, with answers of its own. */
import { integerReply } from '@sion/wire';
import type { Command } from '../command.ts';
import { type WriteTerms, writeValue } from '../value-write.ts';

const terms: WriteTerms = {
  ...{ onlyIf: 'absent', wantsOld: false, expiry: 'none' },
  done: integerReply(1),
  unmet: integerReply(0),
};

/** SETNX key value */
export const setnx: Command = {
  name: 'setnx',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1, flags: ['OW', 'insert'] },
  group: 'string',
  summary: 'Set the value of a key, only if the key does not exist',
  since: '1.0.0',
  complexity: 'O(1)',
  streamedArgument: 2,
  mutatesAtOnce: true,
  run: (call) => writeValue(call, 2, () => terms),
};
