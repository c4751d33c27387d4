import type { Command } from '../command.ts';
import { writeValue } from '../value-write.ts';

/** GETSET key value; as SET with GET. */
export const getset: Command = {
  name: 'getset',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1, flags: ['RW', 'access', 'update'] },
  group: 'string',
  summary: 'Set the string value of a key and return its old value',
  since: '1.0.0',
  complexity: 'O(1)',
  streamedArgument: 2,
  mutatesAtOnce: true,
  run: (call) => writeValue(call, 2, () => ({ wantsOld: true, expiry: 'none' })),
};
