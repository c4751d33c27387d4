/** Replies of the Redis interface as the values that the client gives. A reply of another kind is a defect, and said so. */
import { SionError } from './errors.ts';
import type { Reply } from './resp-channel.ts';

export function bytesOrNull(reply: Reply): Buffer | null {
  if (reply === null || Buffer.isBuffer(reply)) return reply;
  throw unexpected(reply);
}

/** Integers come as text, so that none loses its last digits unseen. */
export function integerOf(reply: Reply): number {
  const exact = bigintOf(reply);
  const value = Number(exact);
  if (Number.isSafeInteger(value)) return value;
  throw new SionError(
    'invalid',
    `The number is now ${exact}, which is beyond what a JavaScript number holds exactly. The change was made; read it with { codec: stringCodec } and BigInt().`,
    { effect: 'unknown' },
  );
}

export function floatOf(reply: Reply): number {
  const value = Number(textOf(reply));
  if (Number.isNaN(value)) throw unexpected(reply);
  return value;
}

export function flagOf(reply: Reply): boolean {
  return integerOf(reply) === 1;
}

export function textOf(reply: Reply): string {
  if (typeof reply === 'string') return reply;
  if (Buffer.isBuffer(reply)) return reply.toString('utf8');
  if (typeof reply === 'number') return String(reply);
  throw unexpected(reply);
}

export function listOf(reply: Reply): readonly Reply[] {
  if (Array.isArray(reply)) return reply;
  throw unexpected(reply);
}

function bigintOf(reply: Reply): bigint {
  const text = textOf(reply);
  if (/^-?\d+$/.test(text)) return BigInt(text);
  throw unexpected(reply);
}

function unexpected(reply: Reply): SionError {
  const kind = Array.isArray(reply) ? 'a list' : reply === null ? 'nothing' : `a ${typeof reply}`;
  return new SionError('internal', `The server replied with ${kind}, which this command does not do`);
}
