import { bulkReply } from '@sion/wire';
import type { Command } from '../command.ts';
import { addFloats, type ExtendedFloat, formatFloat, readFloat } from '../long-double.ts';
import { notAFloat, ReplyError } from '../redis-errors.ts';
import { changeValue } from '../value-change.ts';

/** Redis reads no longer text as a float. */
const maxDigits = 5 * 1024 - 1;

/** INCRBYFLOAT key increment; the digits of Redis on x86-64, see `long-double.ts`. */
export const incrbyfloat: Command = {
  name: 'incrbyfloat',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1, flags: ['RW', 'access', 'update'] },
  group: 'string',
  summary: 'Increment the float value of a key by the given amount',
  since: '2.6.0',
  complexity: 'O(1)',
  mutatesAtOnce: true,
  run(call) {
    const increment = readNumber(call.args[2]);
    return changeValue(call, maxDigits, (old) => {
      const value =
        old === undefined ? { mantissa: 0n, exponent: 0 } : readNumber(old === 'too-large' ? undefined : old);
      if (value === 'infinite' || increment === 'infinite') throw notFinite();
      const sum = addFloats(value, increment);
      if (sum === 'infinite') throw notFinite();
      const bytes = Buffer.from(formatFloat(sum), 'latin1');
      return { bytes, reply: bulkReply(bytes) };
    });
  },
};

const notFinite = () => new ReplyError('ERR increment would produce NaN or Infinity');

function readNumber(bytes: Uint8Array | undefined): ExtendedFloat | 'infinite' {
  if (bytes === undefined || bytes.byteLength > maxDigits) throw notAFloat();
  const value = readFloat(Buffer.from(bytes).toString('latin1'));
  if (value === undefined) throw notAFloat();
  return value;
}
