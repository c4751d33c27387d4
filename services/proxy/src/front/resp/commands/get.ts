import { answerOf } from '../body-answer.ts';
import type { Command } from '../command.ts';

/** GET key */
export const get: Command = {
  name: 'get',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1, flags: ['RO', 'access'] },
  group: 'string',
  summary: 'Get the value of a key',
  since: '1.0.0',
  complexity: 'O(1)',
  expectedBytes: ({ keys: [key = ''], front: { objects } }) => objects.sizeHint(key),
  async run({ keys: [key = ''], front: { objects, settings }, signal }) {
    return answerOf(await objects.read(key, { signal }), settings.streamThresholdBytes);
  },
};
