import { bulkReply } from '@sion/wire';
import type { Command } from '../command.ts';

/** ECHO message */
export const echo: Command = {
  name: 'echo',
  arity: 2,
  flags: ['loading', 'stale', 'fast'],
  group: 'connection',
  summary: 'Echo the given string',
  since: '1.0.0',
  complexity: 'O(1)',
  run: ({ args }) => bulkReply(args[1] ?? ''),
};
