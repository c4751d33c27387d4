/**
 * Lists the objects of a store, a page at a time, in byte order of their names. It keeps nothing between pages: each
 * page walks the folder once, holding no more names than a few pages' worth, then looks at the objects of the page.
 */
import { join } from 'node:path';
import { SionError } from '@sion/wire';
import type { ListOptions, ListPage, StoredObject } from '../store.ts';
import { type Disk, isMissing, unchanged } from './disk.ts';
import { compareNames, nameOfPath } from './file-names.ts';
import { findObject } from './object-reader.ts';
import type { RootFolder } from './root-folder.ts';

/** The longest page; S3's limit as well. */
const longestPage = 1000;

const looksAtOnce = 16;

/** One page. An object that is deleted meanwhile is left out. Rejects with `unavailable`, `corrupt` or `invalid`. */
export async function listObjects(
  prefix: string,
  { after, limit, namesOnly = false }: ListOptions,
  root: RootFolder,
  disk: Disk,
): Promise<ListPage> {
  if (!Number.isInteger(limit) || limit < 1 || limit > longestPage) {
    throw new SionError('invalid', `A page of a listing has 1 to ${longestPage} objects, not ${limit}.`);
  }
  const isAsked = (name: string) => name.startsWith(prefix) && (after === undefined || compareNames(name, after) > 0);
  const names = await firstNames(isAsked, limit + 1, root, disk);
  const page = names.slice(0, limit);
  const objects: StoredObject[] = [];
  for (let start = 0; start < page.length; start += looksAtOnce) {
    const looks = page
      .slice(start, start + looksAtOnce)
      .map((name) => (namesOnly ? lookAtFile(name, root, disk) : look(name, root, disk)));
    for (const object of await Promise.all(looks)) if (object !== undefined) objects.push(object);
  }
  return { objects, more: names.length > limit };
}

async function look(name: string, root: RootFolder, disk: Disk): Promise<StoredObject | undefined> {
  const found = await findObject(name, root, disk);
  await found?.file.close();
  return found?.object;
}

/** Without the sidecar, which alone knows the ETag. */
async function lookAtFile(name: string, root: RootFolder, disk: Disk): Promise<StoredObject | undefined> {
  try {
    const { kind, sizeBytes, modifiedNs } = await disk.state(root.places(name).data.path);
    if (kind !== 'file') return undefined;
    return { name, sizeBytes, etag: '', modifiedMs: Number(modifiedNs / 1_000_000n), metadata: {} };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unchanged('list the store', error);
  }
}

async function firstNames(
  isAsked: (name: string) => boolean,
  count: number,
  root: RootFolder,
  disk: Disk,
): Promise<readonly string[]> {
  let names: string[] = [];
  const shorten = () => {
    names = names.sort(compareNames).slice(0, count);
  };
  // Before and after: a folder that was away in between must not pass for an empty one.
  await root.assertPresent();
  try {
    for await (const name of walk(root.path, [], disk)) {
      if (isAsked(name)) names.push(name);
      if (names.length > 4 * count) shorten();
    }
  } catch (error) {
    throw unchanged('list the store', error);
  }
  await root.assertPresent();
  shorten();
  return names;
}

/** All names below a folder; folders that are not part of a long name are passed over. */
async function* walk(root: string, folders: readonly string[], disk: Disk): AsyncGenerator<string> {
  for await (const { name: step, isFolder } of names(join(root, ...folders), folders.length > 0, disk)) {
    if (folders.length === 0 && step.startsWith('.')) continue;
    const steps = [...folders, step];
    if (isFolder) {
      if (step.endsWith('+') && Buffer.byteLength(step) > 250) yield* walk(root, steps, disk);
      continue;
    }
    const name = nameOfPath(steps);
    if (name !== undefined) yield name;
  }
}

async function* names(folder: string, mayVanish: boolean, disk: Disk) {
  try {
    yield* disk.names(folder);
  } catch (error) {
    if (!mayVanish || !isMissing(error)) throw error;
  }
}
