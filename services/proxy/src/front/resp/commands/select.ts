/** SELECT: there is one database, 0; clients that choose it by habit are told OK. */
import { okReply } from '@sion/wire';
import type { Command } from '../command.ts';
import { requireDatabase } from '../database.ts';

/** SELECT index; there is one database, 0. */
export const select: Command = {
  name: 'select',
  arity: 2,
  flags: ['loading', 'stale', 'fast'],
  group: 'connection',
  summary: 'Change the selected database for the current connection',
  since: '1.0.0',
  complexity: 'O(1)',
  run({ args }) {
    requireDatabase(args[1]);
    return okReply;
  },
};
