import type { Call, Command } from '../command.ts';
import { absoluteMs, expiryOptions, readExpiryTime, type TimeForm } from '../expiry-time.ts';
import { type ChangeOf, readAndChange } from '../read-and-change.ts';
import { syntaxError } from '../redis-errors.ts';
import { get } from './get.ts';

/** GETEX key [EX seconds | PX milliseconds | EXAT … | PXAT … | PERSIST] */
export const getex: Command = {
  name: 'getex',
  arity: -2,
  flags: ['write', 'fast'],
  keys: {
    ...{ first: 1, last: 1, step: 1, flags: ['RW', 'access', 'update'] },
    notes: 'RW and UPDATE because it changes the TTL',
  },
  group: 'string',
  summary: 'Get the value of a key and optionally set its expiration',
  since: '6.2.0',
  complexity: 'O(1)',
  expectedBytes: ({ keys: [key = ''], front: { objects } }) => objects.sizeHint(key),
  run(call) {
    const given = readOptions(call.args.slice(2));
    if (given === undefined) return get.run(call);
    return readAndChange(call, given === 'persist' ? persistIt : expiryOf(call, given));
  },
};

interface GivenTime {
  readonly option: string;
  readonly form: TimeForm;
  readonly argument: Buffer;
}

/** The last one counts; only one kind may be given. */
function readOptions(args: readonly Buffer[]): GivenTime | 'persist' | undefined {
  let given: GivenTime | 'persist' | undefined;
  for (let at = 0; at < args.length; at += 1) {
    const option = args[at]?.toString('latin1').toLowerCase() ?? '';
    const form = expiryOptions.get(option);
    const argument = args[at + 1];
    if (option === 'persist' && (given === undefined || given === 'persist')) {
      given = 'persist';
    } else if (form !== undefined && argument !== undefined && isAnother(given, option)) {
      given = { option, form, argument };
      at += 1;
    } else {
      throw syntaxError();
    }
  }
  return given;
}

function isAnother(given: GivenTime | 'persist' | undefined, option: string): boolean {
  return given === undefined || (given !== 'persist' && given.option === option);
}

const persistIt: ChangeOf = (info) => ({ kind: info.expiresAtMs === undefined ? 'keep' : 'expire' });

/** As in Redis, an impossible time is an error only when there is an object. A time that is past deletes it. */
function expiryOf(call: Call, { form, argument }: GivenTime): ChangeOf {
  const calledMs = call.front.objects.nowMs();
  return (_info, nowMs) => {
    const time = readExpiryTime(argument, form, 'getex', { nowMs: calledMs, positive: true });
    const expiresAtMs = absoluteMs(time, nowMs);
    return expiresAtMs <= nowMs ? { kind: 'delete' } : { kind: 'expire', expiresAtMs };
  };
}
