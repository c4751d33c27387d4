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
  complexity:
    'O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of any size, since the dynamic string library used by Redis will double the free space available on every reallocation.',
  streamedArgument: 2,
  run: (call) => patchValue(call, 'end', 2),
};
