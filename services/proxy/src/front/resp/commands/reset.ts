import { simpleReply } from '@sion/wire';
import type { Command } from '../command.ts';

/** RESET */
export const reset: Command = {
  name: 'reset',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection',
  summary: 'Reset the connection',
  since: '6.2.0',
  complexity: 'O(1)',
  run({ client }) {
    client.reset();
    return simpleReply('RESET');
  },
};
