import { simpleReply } from '@sion/wire';
import type { Command } from '../command.ts';

/** TYPE key; every object is a string. */
export const type: Command = {
  name: 'type',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1, flags: ['RO'] },
  group: 'generic',
  summary: 'Determine the type stored at key',
  since: '1.0.0',
  complexity: 'O(1)',
  async run({ keys: [key = ''], front: { objects } }) {
    return simpleReply((await objects.info(key)) === undefined ? 'none' : 'string');
  },
};
