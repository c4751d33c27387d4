import type { Reply } from '@sion/wire';
import type { Call, Command } from '../command.ts';
import { readExpiryTime, type TimeForm } from '../expiry-time.ts';
import { writeValue } from '../value-write.ts';

/** SETEX key seconds value */
export const setex: Command = {
  name: 'setex',
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1, flags: ['OW', 'update'] },
  group: 'string',
  summary: 'Set the value and expiration of a key',
  since: '2.0.0',
  complexity: 'O(1)',
  streamedArgument: 3,
  mutatesAtOnce: true,
  run: (call) => writeExpiring(call, 'setex', { unit: 'seconds', from: 'now' }),
};

/** PSETEX key milliseconds value */
export const psetex: Command = {
  ...setex,
  name: 'psetex',
  summary: 'Set the value and expiration in milliseconds of a key',
  since: '2.6.0',
  run: (call) => writeExpiring(call, 'psetex', { unit: 'milliseconds', from: 'now' }),
};

function writeExpiring(call: Call, command: string, form: TimeForm): Promise<Reply> {
  const nowMs = call.front.objects.nowMs();
  return writeValue(call, 3, () => {
    const expiry = readExpiryTime(call.args[2], form, command, { nowMs, positive: true });
    return { wantsOld: false, expiry };
  });
}
