import { integerReply } from '@sion/wire';
import { mapBounded } from '../bounded.ts';
import type { Command } from '../command.ts';

/** EXISTS key [key …]; a key that is named twice counts twice. */
export const exists: Command = {
  name: 'exists',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: -1, step: 1, flags: ['RO'] },
  group: 'generic',
  summary: 'Determine if a key exists',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of keys to check.',
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  async run({ keys, front: { objects, settings } }) {
    const found = await mapBounded(keys, settings.parallelKeys, (key) => objects.info(key));
    return integerReply(found.filter((info) => info !== undefined).length);
  },
};
