import { integerReply } from '@sion/wire';
import type { Command } from '../command.ts';

/** STRLEN key */
export const strlen: Command = {
  name: 'strlen',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1, flags: ['RO'] },
  group: 'string',
  summary: 'Get the length of the value stored in a key',
  since: '2.2.0',
  complexity: 'O(1)',
  async run({ keys: [key = ''], front: { objects } }) {
    return integerReply((await objects.info(key))?.sizeBytes ?? 0);
  },
};
