import { okReply } from '@sion/wire';
import { mapBounded } from '../bounded.ts';
import type { Command } from '../command.ts';
import { wrongArity } from '../redis-errors.ts';

/** MSET key value [key value …]; each key is set on its own: after an error, some may be set and others not. */
export const mset: Command = {
  name: 'mset',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: -1, step: 2, flags: ['OW', 'update'] },
  group: 'string',
  summary: 'Set multiple keys to multiple values',
  since: '1.0.1',
  complexity: 'O(N) where N is the number of keys to set.',
  tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
  async run({ args, keys, client, front: { objects, settings } }) {
    if (args.length % 2 === 0) throw wrongArity('mset');
    await mapBounded(keys, settings.parallelKeys, (key, index) => {
      const bytes = args[index * 2 + 2] ?? Buffer.alloc(0);
      const decide = () => ({ kind: 'write', bytes, result: undefined }) as const;
      return objects.mutate(key, { needs: 'nothing', decide }, { durability: client.durability });
    });
    return okReply;
  },
};
