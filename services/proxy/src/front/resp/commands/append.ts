import type { Command } from '../command.ts';
import { patchValue } from '../value-patch.ts';

/** APPEND key value */
export const append: Command = {
  name: 'append',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1, flags: ['RW', 'insert'] },
  group: 'string',
  summary: 'Append a value to a key',
  since: '2.0.0',
  complexity: 'O(N) where N is the length of the new value, which is written anew.',
  streamedArgument: 2,
  run: (call) => patchValue(call, 'end', 2),
};
