/** EXPIRE and its kin, PERSIST: changes of an object's expiry, which leave its bytes alone. */
import { allowsExpiry, conflictOfConditions, type ExpiryCondition } from '@sion/core';
import { integerReply, type Reply } from '@sion/wire';
import type { CurrentObject, Decision } from '../../../objects/objects.ts';
import type { Call, Command } from '../command.ts';
import { absoluteMs, readExpiryTime, type TimeForm } from '../expiry-time.ts';
import { ReplyError } from '../redis-errors.ts';

const changed = integerReply(1);
const unchanged = integerReply(0);

/** EXPIRE key seconds [NX | XX | GT | LT] */
export const expire: Command = {
  name: 'expire',
  arity: -3,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1, flags: ['RW', 'update'] },
  group: 'generic',
  summary: "Set a key's time to live in seconds",
  since: '1.0.0',
  complexity: 'O(1)',
  mutatesAtOnce: true,
  run: (call) => setExpiry(call, 'expire', { unit: 'seconds', from: 'now' }),
};

/** PEXPIRE key milliseconds [NX | XX | GT | LT] */
export const pexpire: Command = {
  ...expire,
  name: 'pexpire',
  summary: "Set a key's time to live in milliseconds",
  since: '2.6.0',
  run: (call) => setExpiry(call, 'pexpire', { unit: 'milliseconds', from: 'now' }),
};

/** EXPIREAT key unix-time-seconds [NX | XX | GT | LT] */
export const expireat: Command = {
  ...expire,
  name: 'expireat',
  summary: 'Set the expiration for a key as a UNIX timestamp',
  since: '1.2.0',
  run: (call) => setExpiry(call, 'expireat', { unit: 'seconds', from: 'epoch' }),
};

/** PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] */
export const pexpireat: Command = {
  ...expire,
  name: 'pexpireat',
  summary: 'Set the expiration for a key as a UNIX timestamp specified in milliseconds',
  since: '2.6.0',
  run: (call) => setExpiry(call, 'pexpireat', { unit: 'milliseconds', from: 'epoch' }),
};

/** PERSIST key */
export const persist: Command = {
  ...expire,
  name: 'persist',
  arity: 2,
  summary: 'Remove the expiration from a key',
  since: '2.2.0',
  run({ keys: [key = ''], client, front: { objects } }) {
    const decide = (current: CurrentObject | undefined): Decision<Reply> =>
      current?.info.expiresAtMs === undefined
        ? { kind: 'keep', result: unchanged }
        : { kind: 'expire', result: changed };
    return objects.mutate(key, { needs: 'info', decide }, { durability: client.durability });
  },
};

/** Sets the expiry when the conditions hold; a time that is past deletes, as in Redis. */
function setExpiry(call: Call, command: string, form: TimeForm): Promise<Reply> {
  const { args, keys, client, front } = call;
  const conditions = readConditions(args.slice(3));
  const time = readExpiryTime(args[2], form, command, { nowMs: front.objects.nowMs(), positive: false });
  const decide = (current: CurrentObject | undefined, nowMs: number): Decision<Reply> => {
    const expiresAtMs = absoluteMs(time, nowMs);
    if (current === undefined || !allowsExpiry(conditions, current.info.expiresAtMs, expiresAtMs)) {
      return { kind: 'keep', result: unchanged };
    }
    return expiresAtMs <= nowMs
      ? { kind: 'delete', result: changed }
      : { kind: 'expire', expiresAtMs, result: changed };
  };
  return front.objects.mutate(keys[0] ?? '', { needs: 'info', decide }, { durability: client.durability });
}

const conditionOf: ReadonlyMap<string, ExpiryCondition> = new Map([
  ['nx', 'NX'],
  ['xx', 'XX'],
  ['gt', 'GT'],
  ['lt', 'LT'],
] as const);

function readConditions(args: readonly Buffer[]): ReadonlySet<ExpiryCondition> {
  const given = new Set<ExpiryCondition>();
  for (const argument of args) {
    const text = argument.toString('latin1');
    const condition = conditionOf.get(text.toLowerCase());
    if (condition === undefined) throw new ReplyError(`ERR Unsupported option ${text}`);
    given.add(condition);
  }
  const conflict = conflictOfConditions(given);
  if (conflict !== undefined) throw new ReplyError(`ERR ${conflict}`);
  return given;
}
