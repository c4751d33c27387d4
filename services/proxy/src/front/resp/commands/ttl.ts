import { answerExpiry, type ExpiryQuestion } from '@sion/core';
import { integerReply, type Reply } from '@sion/wire';
import type { Call, Command } from '../command.ts';

/** PTTL key: milliseconds to live, −1 without an expiry, −2 without an object. */
export const pttl: Command = {
  name: 'pttl',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1, flags: ['RO', 'access'] },
  group: 'generic',
  summary: 'Get the time to live for a key in milliseconds',
  since: '2.6.0',
  complexity: 'O(1)',
  tips: ['nondeterministic_output'],
  run: (call) => answer(call, 'PTTL'),
};

/** TTL key: seconds to live, rounded. */
export const ttl: Command = {
  ...pttl,
  name: 'ttl',
  summary: 'Get the time to live for a key in seconds',
  since: '1.0.0',
  run: (call) => answer(call, 'TTL'),
};

/** PEXPIRETIME key: when it expires, in milliseconds since the Unix epoch; −1 and −2 as above. */
export const pexpiretime: Command = {
  ...pttl,
  name: 'pexpiretime',
  summary: 'Get the expiration Unix timestamp for a key in milliseconds',
  since: '7.0.0',
  tips: [],
  run: (call) => answer(call, 'PEXPIRETIME'),
};

/** EXPIRETIME key: the same in seconds, rounded. */
export const expiretime: Command = {
  ...pexpiretime,
  name: 'expiretime',
  summary: 'Get the expiration Unix timestamp for a key',
  run: (call) => answer(call, 'EXPIRETIME'),
};

async function answer({ keys: [key = ''], front: { objects } }: Call, question: ExpiryQuestion): Promise<Reply> {
  return integerReply(answerExpiry(question, await objects.info(key), objects.nowMs()));
}
