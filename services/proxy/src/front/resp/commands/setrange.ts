import type { Command } from '../command.ts';
import { requireInteger } from '../numbers.ts';
import { ReplyError } from '../redis-errors.ts';
import { patchValue } from '../value-patch.ts';

/** SETRANGE key offset value */
export const setrange: Command = {
  name: 'setrange',
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1, flags: ['RW', 'update'] },
  group: 'string',
  summary: 'Overwrite part of a string at key starting at the specified offset',
  since: '2.2.0',
  complexity: 'O(N) where N is the length of the new value, which is written anew.',
  streamedArgument: 3,
  async run(call) {
    try {
      const offset = requireInteger(call.args[2]);
      if (offset < 0n) throw new ReplyError('ERR offset is out of range');
      return await patchValue(call, Number(offset), 3);
    } catch (error) {
      // What still arrives of a value that nobody wants is swallowed.
      call.value?.discard();
      await call.value?.rest;
      throw error;
    }
  },
};
