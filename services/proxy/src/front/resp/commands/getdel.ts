import type { Command } from '../command.ts';
import { readAndChange } from '../read-and-change.ts';

/** GETDEL key; a large value streams, and is deleted before its last piece is sent. */
export const getdel: Command = {
  name: 'getdel',
  arity: 2,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1, flags: ['RW', 'access', 'delete'] },
  group: 'string',
  summary: 'Get the value of a key and delete the key',
  since: '6.2.0',
  complexity: 'O(1)',
  expectedBytes: ({ keys: [key = ''], front: { objects } }) => objects.sizeHint(key),
  run: (call) => readAndChange(call, () => ({ kind: 'delete' })),
};
