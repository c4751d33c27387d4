import { bulkReply, simpleReply } from '@sion/wire';
import type { Command } from '../command.ts';
import { wrongArity } from '../redis-errors.ts';

/** PING [message] */
export const ping: Command = {
  name: 'ping',
  arity: -1,
  flags: ['fast'],
  group: 'connection',
  summary: 'Ping the server',
  since: '1.0.0',
  complexity: 'O(1)',
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  run({ args }) {
    if (args.length > 2) throw wrongArity('ping');
    const [, message] = args;
    return message === undefined ? simpleReply('PONG') : bulkReply(message);
  },
};
