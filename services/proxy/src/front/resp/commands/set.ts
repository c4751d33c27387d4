import type { ExpiryRequest } from '@sion/core';
import type { Call, Command } from '../command.ts';
import { expiryOptions, readExpiryTime } from '../expiry-time.ts';
import { syntaxError } from '../redis-errors.ts';
import { type WriteTerms, writeValue } from '../value-write.ts';

/** SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT … | PXAT … | KEEPTTL] */
export const set: Command = {
  name: 'set',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: {
    ...{ first: 1, last: 1, step: 1, flags: ['RW', 'access', 'update', 'variable_flags'] },
    flagsOf: (args) =>
      args.slice(3).some((word) => word.toString('latin1').toLowerCase() === 'get')
        ? ['RW', 'access', 'update']
        : ['OW', 'update'],
    notes: 'RW and ACCESS due to the optional `GET` argument',
  },
  group: 'string',
  summary: 'Set the string value of a key',
  since: '1.0.0',
  complexity: 'O(1)',
  streamedArgument: 2,
  mutatesAtOnce: true,
  run: (call) => writeValue(call, 2, (rest) => readTerms(call, rest)),
};

interface GivenExpiry {
  readonly option: string;
  readonly argument?: Buffer;
}

function readTerms(call: Call, args: readonly Buffer[]): WriteTerms {
  let onlyIf: 'absent' | 'present' | undefined;
  let wantsOld = false;
  let expiry: GivenExpiry | undefined;
  for (let at = 0; at < args.length; at += 1) {
    const option = args[at]?.toString('latin1').toLowerCase() ?? '';
    const argument = args[at + 1];
    if (option === 'nx' && onlyIf !== 'present') {
      onlyIf = 'absent';
    } else if (option === 'xx' && onlyIf !== 'absent') {
      onlyIf = 'present';
    } else if (option === 'get') {
      wantsOld = true;
    } else if (option === 'keepttl' && (expiry === undefined || expiry.option === option)) {
      expiry = { option };
    } else if (
      expiryOptions.has(option) &&
      argument !== undefined &&
      (expiry === undefined || expiry.option === option)
    ) {
      expiry = { option, argument };
      at += 1;
    } else {
      throw syntaxError();
    }
  }
  return {
    ...(onlyIf === undefined ? {} : { onlyIf }),
    wantsOld,
    expiry: expiry === undefined ? 'none' : readExpiry(call, expiry),
  };
}

function readExpiry(call: Call, given: GivenExpiry): ExpiryRequest | 'keep' {
  const form = expiryOptions.get(given.option);
  if (form === undefined) return 'keep';
  return readExpiryTime(given.argument, form, 'set', { nowMs: call.front.objects.nowMs(), positive: true });
}
