/** EXPIRE, PEXPIRE, PERSIST: changes of an object's expiry, which leave its bytes alone. */
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
  run: (call) => setExpiry(call, 'expire', { unitMs: 1000n, relative: true }),
};

/** PEXPIRE key milliseconds [NX | XX | GT | LT] */
export const pexpire: Command = {
  ...expire,
  name: 'pexpire',
  summary: "Set a key's time to live in milliseconds",
  since: '2.6.0',
  run: (call) => setExpiry(call, 'pexpire', { unitMs: 1n, relative: true }),
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
  const isWanted = readConditions(args.slice(3));
  const time = readExpiryTime(args[2], form, command, { nowMs: front.objects.nowMs(), positive: false });
  const decide = (current: CurrentObject | undefined, nowMs: number): Decision<Reply> => {
    const expiresAtMs = absoluteMs(time, nowMs);
    if (current === undefined || !isWanted(current.info.expiresAtMs, expiresAtMs)) {
      return { kind: 'keep', result: unchanged };
    }
    return expiresAtMs <= nowMs
      ? { kind: 'delete', result: changed }
      : { kind: 'expire', expiresAtMs, result: changed };
  };
  return front.objects.mutate(keys[0] ?? '', { needs: 'info', decide }, { durability: client.durability });
}

/** Whether a new expiry may replace the old one; none counts as never. */
type ExpiryCondition = (oldMs: number | undefined, newMs: number) => boolean;

const conditions: ReadonlyMap<string, ExpiryCondition> = new Map([
  ['nx', (oldMs) => oldMs === undefined],
  ['xx', (oldMs) => oldMs !== undefined],
  ['gt', (oldMs, newMs) => oldMs !== undefined && newMs > oldMs],
  ['lt', (oldMs, newMs) => oldMs === undefined || newMs < oldMs],
] satisfies [string, ExpiryCondition][]);

function readConditions(args: readonly Buffer[]): ExpiryCondition {
  const given = new Map<string, ExpiryCondition>();
  for (const argument of args) {
    const text = argument.toString('latin1');
    const condition = conditions.get(text.toLowerCase());
    if (condition === undefined) throw new ReplyError(`ERR Unsupported option ${text}`);
    given.set(text.toLowerCase(), condition);
  }
  if (given.has('nx') && given.size > 1) {
    throw new ReplyError('ERR NX and XX, GT or LT options at the same time are not compatible');
  }
  if (given.has('gt') && given.has('lt')) {
    throw new ReplyError('ERR GT and LT options at the same time are not compatible');
  }
  const all = [...given.values()];
  return (oldMs, newMs) => all.every((condition) => condition(oldMs, newMs));
}
