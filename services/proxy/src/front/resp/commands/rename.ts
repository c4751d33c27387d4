/**
 * RENAME, RENAMENX: the object is copied to its new key, then deleted under the old one if it is still what was copied;
 * otherwise it is copied again. Each key is changed by itself: in between, both are there, and after a crash they stay.
 * There is never neither.
 */
import { integerReply, okReply, SionError } from '@sion/wire';
import type { CurrentObject, Decision, Key, ObjectInfo } from '../../../objects/objects.ts';
import type { Call, Command } from '../command.ts';
import { copyObject, maxCopyAttempts } from '../object-copy.ts';
import { ReplyError } from '../redis-errors.ts';

/** RENAME key newkey */
export const rename: Command = {
  name: 'rename',
  arity: 3,
  flags: ['write'],
  keys: {
    ...{ first: 1, last: 2, step: 1, flags: [] },
    specifications: [
      { first: 1, last: 1, step: 1, flags: ['RW', 'access', 'delete'] },
      { first: 2, last: 2, step: 1, flags: ['OW', 'update'] },
    ],
  },
  group: 'generic',
  summary: 'Rename a key',
  since: '1.0.0',
  complexity:
    'O(N) where N is the length of the value, which is copied. Atomic for each of the two keys, not for both.',
  async run(call) {
    await move(call, true);
    return okReply;
  },
};

/** RENAMENX key newkey */
export const renamenx: Command = {
  ...rename,
  name: 'renamenx',
  flags: ['write', 'fast'],
  keys: {
    ...{ first: 1, last: 2, step: 1, flags: [] },
    specifications: [
      { first: 1, last: 1, step: 1, flags: ['RW', 'access', 'delete'] },
      { first: 2, last: 2, step: 1, flags: ['OW', 'insert'] },
    ],
  },
  summary: 'Rename a key, only if the new key does not exist',
  run: async (call) => integerReply((await move(call, false)) ? 1 : 0),
};

/** Gives false when the new key exists and may not be replaced. */
async function move(call: Call, replaces: boolean): Promise<boolean> {
  const [from = '', to = ''] = call.keys;
  if (from === to) {
    if ((await call.front.objects.info(from)) === undefined) throw noSuchKey();
    return replaces;
  }
  let copied: ObjectInfo | undefined;
  const isOurs = (there: ObjectInfo) => copied !== undefined && there.version === copied.version;
  const mayReplace = (there: ObjectInfo | undefined) => replaces || there === undefined || isOurs(there);
  for (let attempt = 1; attempt <= maxCopyAttempts; attempt += 1) {
    const outcome = await copyObject(call, { from, to, mayReplace });
    if (outcome.kind === 'refused') return false;
    if (outcome.kind === 'no-source') {
      if (attempt === 1) throw noSuchKey();
      // Somebody deleted it after it had been copied.
      return true;
    }
    copied = outcome.written;
    if (await deleteVersion(call, from, outcome.source)) return true;
  }
  throw new SionError(
    'unavailable',
    'the key kept changing while it was renamed, and is there under both names; retry',
  );
}

/** Deletes exactly this version, with this expiry; false when it is another one now. */
async function deleteVersion({ front, client }: Call, key: Key, info: ObjectInfo): Promise<boolean> {
  const decide = (current: CurrentObject | undefined): Decision<boolean> => {
    if (current === undefined) return { kind: 'keep', result: true };
    const isSame = current.info.version === info.version && current.info.expiresAtMs === info.expiresAtMs;
    return isSame ? { kind: 'delete', result: true } : { kind: 'keep', result: false };
  };
  return front.objects.mutate(key, { needs: 'info', decide }, { durability: client.durability });
}

const noSuchKey = () => new ReplyError('ERR no such key');
