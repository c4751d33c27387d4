import { integerReply, type Reply } from '@sion/wire';
import type { Call, Command } from '../command.ts';
import { fitsInteger, minInteger, readInteger, requireInteger } from '../numbers.ts';
import { notAnInteger, ReplyError, wouldOverflow } from '../redis-errors.ts';
import { changeValue, type OldValue } from '../value-change.ts';

/** The longest canonical number of 64 bits, and one more to tell a longer value. */
const maxDigits = 21;

const common = {
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1, flags: ['RW', 'access', 'update'] },
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  mutatesAtOnce: true,
} as const;

/** INCR key */
export const incr: Command = {
  ...common,
  name: 'incr',
  arity: 2,
  summary: 'Increment the integer value of a key by one',
  run: (call) => add(call, 1n),
};

/** DECR key */
export const decr: Command = {
  ...common,
  name: 'decr',
  arity: 2,
  summary: 'Decrement the integer value of a key by one',
  run: (call) => add(call, -1n),
};

/** INCRBY key increment */
export const incrby: Command = {
  ...common,
  name: 'incrby',
  arity: 3,
  summary: 'Increment the integer value of a key by the given amount',
  run: (call) => add(call, requireInteger(call.args[2])),
};

/** DECRBY key decrement */
export const decrby: Command = {
  ...common,
  name: 'decrby',
  arity: 3,
  summary: 'Decrement the integer value of a key by the given number',
  run(call) {
    const decrement = requireInteger(call.args[2]);
    if (decrement === minInteger) throw new ReplyError('ERR decrement would overflow');
    return add(call, -decrement);
  },
};

function add(call: Call, increment: bigint): Promise<Reply> {
  return changeValue(call, maxDigits, (old: OldValue) => {
    const value = old === undefined ? 0n : old === 'too-large' ? undefined : readInteger(old);
    if (value === undefined) throw notAnInteger();
    const sum = value + increment;
    if (!fitsInteger(sum)) throw wouldOverflow();
    return { bytes: Buffer.from(String(sum), 'latin1'), reply: integerReply(sum) };
  });
}
