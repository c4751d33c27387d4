import { integerReply } from '@sion/wire';
import type { Command } from '../command.ts';
import { readInteger, requireInteger } from '../numbers.ts';
import { ReplyError } from '../redis-errors.ts';

/**
 * WAIT numreplicas timeout: how many replicas have this connection's writes. There are none, and none will come: the
 * answer is 0 at once. What was acknowledged is as durable as it is going to be without waiting.
 */
export const wait: Command = {
  name: 'wait',
  arity: 3,
  flags: ['noscript'],
  group: 'generic',
  summary:
    'Wait for the synchronous replication of all the write commands sent in the context of the current connection',
  since: '3.0.0',
  complexity: 'O(1)',
  tips: ['request_policy:all_shards', 'response_policy:agg_min'],
  categories: ['connection'],
  run({ args }) {
    // In Redis's order: the time is read first.
    const timeoutMs = readInteger(args[2]);
    requireInteger(args[1]);
    if (timeoutMs === undefined) throw new ReplyError('ERR timeout is not an integer or out of range');
    if (timeoutMs < 0n) throw new ReplyError('ERR timeout is negative');
    return integerReply(0);
  },
};
