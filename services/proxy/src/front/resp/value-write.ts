/**
 * Writing a whole value, as SET and its kin do: under a condition, with an expiry, giving back the old value or not. A
 * large value streams to the store while it arrives.
 */
import type { ExpiryRequest } from '@sion/core';
import { bulkReply, nullReply, okReply, type Reply } from '@sion/wire';
import type { CurrentObject, Decision, Mutation, StagedBytes } from '../../objects/objects.ts';
import type { Call } from './command.ts';
import { absoluteMs } from './expiry-time.ts';
import { withStagedValue } from './incoming-value.ts';
import { ReplyError } from './redis-errors.ts';

/** How a value is to be written. */
export interface WriteTerms {
  readonly onlyIf?: 'absent' | 'present';
  /** The old value is the reply, whether or not the condition holds. */
  readonly wantsOld: boolean;
  readonly expiry: ExpiryRequest | 'keep' | 'none';
  /** Written, without `wantsOld`; OK when it is left out. */
  readonly done?: Reply;
  /** The condition did not hold, without `wantsOld`; null when it is left out. */
  readonly unmet?: Reply;
}

/**
 * Writes the call's value, argument `valueAt`. The terms are read from the arguments behind it, before anything is
 * changed; what that throws is the reply.
 */
export function writeValue(
  call: Call,
  valueAt: number,
  termsOf: (rest: readonly Buffer[]) => WriteTerms,
): Promise<Reply> {
  if (call.value !== undefined) {
    return withStagedValue(call, call.value, ({ staged, rest }) => mutate(call, staged, termsOf(rest)));
  }
  return mutate(call, call.args[valueAt] ?? Buffer.alloc(0), termsOf(call.args.slice(valueAt + 1)));
}

function mutate(call: Call, bytes: StagedBytes | Uint8Array, terms: WriteTerms): Promise<Reply> {
  const { client, front, keys } = call;
  const { maxOldValueBytes } = front.settings;
  const decide = (current: CurrentObject | undefined, nowMs: number) => {
    if (terms.wantsOld && current !== undefined && current.value === undefined) {
      return { kind: 'keep', result: oldValueTooLarge(call, current.info.sizeBytes).reply } as const;
    }
    return decideWrite(bytes, terms, current, nowMs);
  };
  const mutation: Mutation<Reply> = { needs: needsOf(terms, maxOldValueBytes), decide };
  return front.objects.mutate(keys[0] ?? '', mutation, { durability: client.durability });
}

function oldValueTooLarge(call: Call, sizeBytes: number): ReplyError {
  const name = call.args[0]?.toString('latin1').toUpperCase() ?? '';
  const what = name === 'SET' ? 'SET with GET' : name;
  const { maxOldValueBytes } = call.front.settings;
  return new ReplyError(
    `CAPACITY the old value has ${sizeBytes} bytes, ${what} gives back at most ${maxOldValueBytes}; use GET, then SET`,
  );
}

function needsOf(terms: WriteTerms, maxValueBytes: number): Mutation<Reply>['needs'] {
  if (terms.wantsOld) return { value: true, maxValueBytes };
  const mayBePast = typeof terms.expiry === 'object' && terms.expiry.from === 'epoch';
  return terms.onlyIf === undefined && terms.expiry !== 'keep' && !mayBePast ? 'nothing' : 'info';
}

function decideWrite(
  bytes: StagedBytes | Uint8Array,
  terms: WriteTerms,
  current: CurrentObject | undefined,
  nowMs: number,
): Decision<Reply> {
  const { onlyIf, wantsOld, done = okReply, unmet = nullReply } = terms;
  const old = current?.value === undefined ? nullReply : bulkReply(current.value);
  const isMet = onlyIf === undefined || (onlyIf === 'present') === (current !== undefined);
  if (!isMet) return { kind: 'keep', result: wantsOld ? old : unmet };
  const result = wantsOld ? old : done;
  const expiresAtMs = expiryOf(terms.expiry, current, nowMs);
  if (expiresAtMs === undefined) return { kind: 'write', bytes, result };
  if (expiresAtMs > nowMs) return { kind: 'write', bytes, expiresAtMs, result };
  // A time that is past leaves no object, as in Redis.
  return current === undefined ? { kind: 'keep', result } : { kind: 'delete', result };
}

function expiryOf(expiry: WriteTerms['expiry'], current: CurrentObject | undefined, nowMs: number): number | undefined {
  if (expiry === 'none') return undefined;
  return expiry === 'keep' ? current?.info.expiresAtMs : absoluteMs(expiry, nowMs);
}
