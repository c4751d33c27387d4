import { integerReply, type Reply } from '@sion/wire';
import type { CurrentObject, Decision } from '../../../objects/objects.ts';
import { mapBounded } from '../bounded.ts';
import type { Call, Command } from '../command.ts';

/** DEL key [key …]; each key is deleted on its own. */
export const del: Command = {
  name: 'del',
  arity: -2,
  flags: ['write'],
  keys: { first: 1, last: -1, step: 1, flags: ['RM', 'delete'] },
  group: 'generic',
  summary: 'Delete a key',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of keys that will be removed.',
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  run: deleteKeys,
};

/** UNLINK key [key …]; nothing is freed in the foreground either way. */
export const unlink: Command = {
  ...del,
  name: 'unlink',
  flags: ['write', 'fast'],
  summary: 'Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non blocking.',
  since: '4.0.0',
  complexity: 'O(1) for each key removed regardless of its size.',
};

async function deleteKeys({ keys, client, front: { objects, settings } }: Call): Promise<Reply> {
  const decide = (current: CurrentObject | undefined): Decision<number> =>
    current === undefined ? { kind: 'keep', result: 0 } : { kind: 'delete', result: 1 };
  const options = { durability: client.durability };
  const deleted = await mapBounded(keys, settings.parallelKeys, (key) =>
    objects.mutate(key, { needs: 'info', decide }, options),
  );
  return integerReply(deleted.reduce((sum, one) => sum + one, 0));
}
