import type { ExpiryRequest } from '@sion/core';
import { bulkReply, nullReply, okReply, type Reply } from '@sion/wire';
import type { CurrentObject, Decision, Mutation, StagedBytes } from '../../../objects/objects.ts';
import type { Call, Command } from '../command.ts';
import { absoluteMs, expiryOptions, readExpiryTime } from '../expiry-time.ts';
import { type IncomingValue, withStagedValue } from '../incoming-value.ts';
import { ReplyError, syntaxError } from '../redis-errors.ts';

/** SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT … | PXAT … | KEEPTTL] */
export const set: Command = {
  name: 'set',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: {
    ...{ first: 1, last: 1, step: 1, flags: ['RW', 'access', 'update', 'variable_flags'] },
    notes: 'RW and ACCESS due to the optional `GET` argument',
  },
  group: 'string',
  summary: 'Set the string value of a key',
  since: '1.0.0',
  complexity: 'O(1)',
  streamedArgument: 2,
  mutatesAtOnce: true,
  run(call) {
    if (call.value !== undefined) return setStreamed(call, call.value);
    return mutate(call, call.args[2] ?? Buffer.alloc(0), readOptions(call, call.args.slice(3)));
  },
};

interface SetOptions {
  readonly onlyIf?: 'absent' | 'present';
  readonly wantsOld: boolean;
  readonly expiry: ExpiryRequest | 'keep' | 'none';
}

async function setStreamed(call: Call, value: IncomingValue): Promise<Reply> {
  return withStagedValue(call, value, ({ staged, rest }) => mutate(call, staged, readOptions(call, rest)));
}

function mutate(call: Call, bytes: StagedBytes | Uint8Array, options: SetOptions): Promise<Reply> {
  const { client, front, keys } = call;
  const { maxOldValueBytes } = front.settings;
  const decide = (current: CurrentObject | undefined, nowMs: number) =>
    decideSet(bytes, options, current, nowMs, maxOldValueBytes);
  const mutation: Mutation<Reply> = { needs: needsOf(options, maxOldValueBytes), decide };
  return front.objects.mutate(keys[0] ?? '', mutation, { durability: client.durability });
}

function needsOf(options: SetOptions, maxValueBytes: number): Mutation<Reply>['needs'] {
  if (options.wantsOld) return { value: true, maxValueBytes };
  const mayBePast = typeof options.expiry === 'object' && options.expiry.from === 'epoch';
  return options.onlyIf === undefined && options.expiry !== 'keep' && !mayBePast ? 'nothing' : 'info';
}

function decideSet(
  bytes: StagedBytes | Uint8Array,
  options: SetOptions,
  current: CurrentObject | undefined,
  nowMs: number,
  maxOldValueBytes: number,
): Decision<Reply> {
  if (options.wantsOld && current !== undefined && current.value === undefined) {
    const { sizeBytes } = current.info;
    const text = `CAPACITY the old value has ${sizeBytes} bytes, SET with GET gives back at most ${maxOldValueBytes}; use GET, then SET`;
    return { kind: 'keep', result: new ReplyError(text).reply };
  }
  const old = current?.value === undefined ? nullReply : bulkReply(current.value);
  const isMet = options.onlyIf === undefined || (options.onlyIf === 'present') === (current !== undefined);
  if (!isMet) return { kind: 'keep', result: options.wantsOld ? old : nullReply };
  const result = options.wantsOld ? old : okReply;
  const expiresAtMs = expiryOf(options.expiry, current, nowMs);
  if (expiresAtMs === undefined) return { kind: 'write', bytes, result };
  if (expiresAtMs > nowMs) return { kind: 'write', bytes, expiresAtMs, result };
  // A time that is past leaves no object, as in Redis.
  return current === undefined ? { kind: 'keep', result } : { kind: 'delete', result };
}

function expiryOf(expiry: SetOptions['expiry'], current: CurrentObject | undefined, nowMs: number): number | undefined {
  if (expiry === 'none') return undefined;
  return expiry === 'keep' ? current?.info.expiresAtMs : absoluteMs(expiry, nowMs);
}

function readOptions(call: Call, args: readonly Buffer[]): SetOptions {
  let onlyIf: 'absent' | 'present' | undefined;
  let wantsOld = false;
  let expiry: { readonly option: string; readonly argument?: Buffer } | undefined;
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

function readExpiry(
  call: Call,
  given: { readonly option: string; readonly argument?: Buffer },
): ExpiryRequest | 'keep' {
  const form = expiryOptions.get(given.option);
  if (form === undefined) return 'keep';
  return readExpiryTime(given.argument, form, 'set', { nowMs: call.front.objects.nowMs(), positive: true });
}
