/**
 * Opens the store of a data folder. A store is made only where there has never been one: once it was there, its absence
 * means a disk that is not mounted or a folder that was moved away, and a new, empty store in its place would answer
 * every acknowledged key as missing.
 */
import { join } from 'node:path';
import { type Files, openDirectoryStore, type Random, type Store } from '@sion/components';
import { asSionError, SionError } from '@sion/wire';
import { parseJournalFileName } from '../journal/segment-head.ts';

/** In the proxy's own folder, which is not in the store: says that the store has been there. */
const markFile = 'store-known.json';

/** `files` are the proxy's own. Rejects with `unavailable` when the store has been there before and is not there now. */
export async function openKnownStore(dataDir: string, files: Files, random: Random): Promise<Store> {
  const known = (await files.read(markFile)) !== undefined;
  try {
    const store = await openDirectoryStore({ root: join(dataDir, 'store'), create: !known, random });
    if (!known) await files.replace(markFile, Buffer.from('{"v":1}\n'));
    return store;
  } catch (thrown) {
    const error = asSionError(thrown);
    if (!known || error.code !== 'unavailable') throw error;
    const remedy = `remove ${join(dataDir, 'proxy', markFile)} to begin anew without its objects`;
    const message = `${error.message} It has been there before: put it back or mount it, or ${remedy}.${await journalWords(files)}`;
    throw new SionError('unavailable', message, { cause: thrown });
  }
}

/** A new store would get what was acknowledged for the old one. */
async function journalWords(files: Files): Promise<string> {
  const names = await files.list().catch(() => []);
  if (!names.some((name) => parseJournalFileName(name).kind === 'segment')) return '';
  return ' There is a journal beside that file (journal-*): its writes would go into the new store; move it away too if they should not.';
}
