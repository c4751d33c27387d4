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

/** TOUCH key [key …]; counts as EXISTS does and changes nothing: what stays in memory follows from reads of bytes. */
export const touch: Command = {
  ...exists,
  name: 'touch',
  summary: 'Alters the last access time of a key(s). Returns the number of existing keys specified.',
  since: '3.2.1',
  complexity: 'O(N) where N is the number of keys that will be touched.',
};
