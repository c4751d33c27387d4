import { okReply } from '@sion/wire';
import type { Command } from '../command.ts';

/** QUIT */
export const quit: Command = {
  name: 'quit',
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection',
  summary: 'Close the connection',
  since: '1.0.0',
  complexity: 'O(1)',
  closes: true,
  run: () => okReply,
};
