/** FLUSHALL, FLUSHDB: deletes every object, key by key; off unless the proxy's settings allow it. */
import { okReply, type Reply } from '@sion/wire';
import type { CurrentObject, Decision, KeyPage } from '../../../objects/objects.ts';
import { mapBounded } from '../bounded.ts';
import type { Call, Command } from '../command.ts';
import { ReplyError, syntaxError } from '../redis-errors.ts';

/** Keys of one listing of the store. */
const pageKeys = 1000;

/** FLUSHALL [SYNC | ASYNC]; either way it is answered when everything is deleted. */
export const flushall: Command = {
  name: 'flushall',
  arity: -1,
  flags: ['write'],
  categories: ['keyspace', 'dangerous'],
  group: 'server',
  summary: 'Remove all keys from all databases',
  since: '1.0.0',
  complexity: 'O(N) where N is the total number of keys in all databases',
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  wholeKeyspace: true,
  run: deleteEverything,
};

/** FLUSHDB [SYNC | ASYNC]; there is one database, so it is the same. */
export const flushdb: Command = {
  ...flushall,
  name: 'flushdb',
  summary: 'Remove all keys from the current database',
  complexity: 'O(N) where N is the number of keys in the selected database',
};

async function deleteEverything(call: Call): Promise<Reply> {
  const { args, front, signal } = call;
  const option = args[1]?.toString('latin1').toLowerCase();
  if (args.length > 2 || (option !== undefined && option !== 'sync' && option !== 'async')) throw syntaxError();
  if (!front.settings.allowFlush) throw notAllowed(args[0]);
  let page: KeyPage | undefined;
  do {
    // A client that goes away stops it: what it leaves undone, nobody waits for.
    signal.throwIfAborted();
    const after = page?.next === undefined ? {} : { after: page.next };
    page = await front.objects.list({ prefix: '', limit: pageKeys, ...after });
    await deletePage(call, page);
  } while (page.next !== undefined);
  return okReply;
}

async function deletePage({ front, client }: Call, page: KeyPage): Promise<void> {
  const decide = (current: CurrentObject | undefined): Decision<undefined> => ({
    kind: current === undefined ? 'keep' : 'delete',
    result: undefined,
  });
  const options = { durability: client.durability };
  await mapBounded(page.objects, front.settings.parallelKeys, ({ key }) =>
    front.objects.mutate(key, { needs: 'info', decide }, options),
  );
}

function notAllowed(name: Buffer | undefined): ReplyError {
  const command = name?.toString('latin1').toUpperCase() ?? '';
  return new ReplyError(
    `ERR ${command} is off, for it would delete every object of the store; to allow it, start the proxy with SION_ALLOW_FLUSH=true`,
  );
}
