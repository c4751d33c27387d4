/** GETRANGE and its old name SUBSTR: a part of a value, of which only that part is read from memory or the store. */
import { bulkReply, SionError } from '@sion/wire';
import type { RangeRequest } from '../../../objects/objects.ts';
import type { Answer } from '../answer.ts';
import { answerOf } from '../body-answer.ts';
import type { Call, Command } from '../command.ts';
import { readInteger, requireInteger } from '../numbers.ts';

/** GETRANGE key start end; both inclusive, negative ones count from the end. */
export const getrange: Command = {
  name: 'getrange',
  arity: 4,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1, flags: ['RO', 'access'] },
  group: 'string',
  summary: 'Get a substring of the string stored at a key',
  since: '2.4.0',
  complexity: 'O(N) where N is the length of the returned string; nothing else is read.',
  expectedBytes: ({ args, keys: [key = ''], front: { objects } }) =>
    Math.min(objects.sizeHint(key), lengthOf(args[2], args[3])),
  run: readRange,
};

/** SUBSTR key start end */
export const substr: Command = {
  ...getrange,
  name: 'substr',
  summary: 'Get a substring of the string stored at a key',
  since: '1.0.0',
};

const nothing = bulkReply('');

/** Tries of a range that depends on the length, while others change it. */
const maxAttempts = 8;

/** As the client gave them. */
interface Bounds {
  readonly start: number;
  readonly end: number;
}

async function readRange(call: Call): Promise<Answer> {
  const { args, keys, front, signal } = call;
  const [key = ''] = keys;
  const bounds = { start: place(args[2]), end: place(args[3]) };
  let range = rangeOf(bounds);
  if (range === 'empty') return nothing;
  let sizeBytes: number | undefined;
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    if (range === 'by-length') {
      sizeBytes ??= (await front.objects.info(key))?.sizeBytes ?? 0;
      range = rangeIn(bounds, sizeBytes);
    }
    if (range === 'empty') return nothing;
    const outcome = await front.objects.read(key, { range, signal });
    if (outcome.kind === 'miss') return nothing;
    if (sizeBytes === undefined || outcome.info.sizeBytes === sizeBytes) {
      return outcome.kind === 'hit' ? answerOf(outcome, front.settings.streamThresholdBytes) : nothing;
    }
    if (outcome.kind === 'hit') outcome.body.cancel();
    sizeBytes = outcome.info.sizeBytes;
    range = 'by-length';
  }
  throw new SionError('unavailable', 'the length of the value kept changing while a part of it was read; retry later');
}

/** A whole number of 64 bits; no object reaches those beyond the exact ones. */
function place(bytes: Buffer | undefined): number {
  const value = Number(requireInteger(bytes));
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(value, Number.MAX_SAFE_INTEGER - 1));
}

/** At most, as far as the arguments tell. */
function lengthOf(start: Buffer | undefined, end: Buffer | undefined): number {
  const [first, last] = [readInteger(start), readInteger(end)];
  if (first === undefined || last === undefined || first < 0n !== last < 0n) return Number.POSITIVE_INFINITY;
  return last < first ? 0 : Number(last - first) + 1;
}

/** The range, where it can be told without the length of the value. */
function rangeOf({ start, end }: Bounds): RangeRequest | 'empty' | 'by-length' {
  if (start >= 0 === end >= 0 && start > end) return 'empty';
  if (start >= 0 && end >= 0) return { start, end: end + 1 };
  if (end !== -1) return 'by-length';
  return start < 0 ? { suffix: -start } : { start };
}

function rangeIn({ start, end }: Bounds, sizeBytes: number): RangeRequest | 'empty' {
  const first = Math.max(0, start < 0 ? sizeBytes + start : start);
  const last = Math.min(sizeBytes - 1, Math.max(0, end < 0 ? sizeBytes + end : end));
  return first > last ? 'empty' : { start: first, end: last + 1 };
}
