/** Commands on all keys that there are: they ask the store for its listing. */
import { compileGlob, globPrefix } from '@sion/core';
import { arrayReply, bulkReply, integerReply, nullReply, type Reply } from '@sion/wire';
import type { Key, KeyPage } from '../../../objects/objects.ts';
import type { Call, Command } from '../command.ts';
import { ReplyError } from '../redis-errors.ts';

/** Keys of one listing of the store. */
const pageKeys = 1000;

/** What a key takes in an answer beside its bytes, about. */
const keyOverheadBytes = 64;

/** KEYS pattern; only what begins as the pattern does is listed. The answer is bounded. */
export const keys: Command = {
  name: 'keys',
  arity: 2,
  flags: ['readonly'],
  categories: ['dangerous'],
  group: 'generic',
  summary: 'Find all keys matching the given pattern',
  since: '1.0.0',
  complexity:
    'O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the given pattern have limited length.',
  tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
  wholeKeyspace: true,
  expectedBytes: ({ front }) => front.settings.maxKeysAnswerBytes,
  async run(call) {
    const pattern = call.args[1]?.toString('latin1') ?? '';
    const { text, exact } = globPrefix(pattern);
    const { objects, settings } = call.front;
    if (text.length > settings.maxKeyBytes) return arrayReply([]);
    if (exact) return arrayReply((await objects.info(text)) === undefined ? [] : [bulkReply(text)]);
    return arrayReply(await matchingKeys(call, text, compileGlob(pattern)));
  },
};

async function matchingKeys(call: Call, prefix: Key, matches: (key: Key) => boolean): Promise<readonly Reply[]> {
  const { maxKeysAnswerBytes } = call.front.settings;
  const found: Reply[] = [];
  let heldBytes = 0;
  for await (const page of pages(call, prefix)) {
    for (const { key } of page.objects) {
      if (!matches(key)) continue;
      heldBytes += key.length + keyOverheadBytes;
      if (heldBytes > maxKeysAnswerBytes) throw tooManyKeys(found.length, maxKeysAnswerBytes);
      found.push(bulkReply(key));
    }
  }
  return found;
}

function tooManyKeys(count: number, maxBytes: number): ReplyError {
  return new ReplyError(
    `CAPACITY more than ${count} keys match, and one answer holds at most ${maxBytes} bytes (${keyOverheadBytes} per key, and the key); use SCAN, or a narrower pattern`,
  );
}

/** Page after page; ends early, with the reason, when the client is gone. */
async function* pages({ front, signal }: Call, prefix: Key): AsyncGenerator<KeyPage, void, undefined> {
  let after: string | undefined;
  do {
    signal.throwIfAborted();
    const page = await front.objects.list({ prefix, limit: pageKeys, ...(after === undefined ? {} : { after }) });
    yield page;
    after = page.next;
  } while (after !== undefined);
}

/** RANDOMKEY: one of the first thousand keys in the store's order, as likely as each of them. */
export const randomkey: Command = {
  name: 'randomkey',
  arity: 1,
  flags: ['readonly'],
  group: 'generic',
  summary: 'Return a random key from the keyspace',
  since: '1.0.0',
  complexity: 'O(1): of the first thousand keys of the listing.',
  tips: ['request_policy:all_shards', 'nondeterministic_output'],
  wholeKeyspace: true,
  async run(call) {
    for await (const { objects } of pages(call, '')) {
      if (objects.length === 0) continue;
      return bulkReply(objects[call.front.random.integer(objects.length)]?.key ?? '');
    }
    return nullReply;
  },
};

/** DBSIZE: about how many keys there are; see {@link Objects.estimateCount}. */
export const dbsize: Command = {
  name: 'dbsize',
  arity: 1,
  flags: ['readonly', 'fast'],
  categories: ['keyspace'],
  group: 'server',
  summary: 'Return the number of keys in the selected database',
  since: '1.0.0',
  complexity: 'O(1): an estimate. Names are counted now and then.',
  tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
  wholeKeyspace: true,
  run: async ({ front }) => integerReply(await front.objects.estimateCount()),
};
