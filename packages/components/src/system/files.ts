/**
 * The system form of {@link Files}: one private folder. A file is replaced by writing a temporary one beside it, forcing
 * that to the disk, renaming it over the old one, and forcing the folder. It must never reach outside its folder.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SionError } from '@sion/wire';
import type { Files } from '../files.ts';
import { randomHex } from '../random.ts';
import { systemRandom } from './random.ts';

/** A file name of {@link Files}: letters, digits, `.`, `_` and `-`, not starting with a dot, at most 200 characters. */
const fileName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;

/** A temporary file, and the pid of the process that made it. */
const temporaryName = /\.(\d+)-[0-9a-f]{12}\.tmp$/;

/** The files of `folder`, which is made when it is missing. Failures of the disk reject with `unavailable` or `capacity`. */
export async function openFiles(folder: string): Promise<Files> {
  await attempt(`make the folder ${folder}`, async () => {
    await mkdir(folder, { recursive: true });
    await removeLeftovers(folder);
  });
  const pathOf = (name: string) => {
    if (!fileName.test(name)) throw new RangeError(`Not a plain file name: ${JSON.stringify(name)}.`);
    return join(folder, name);
  };
  return {
    read: (name) => {
      const path = pathOf(name);
      return attempt(`read ${path}`, () => readIfPresent(path));
    },
    replace: (name, bytes) => {
      const path = pathOf(name);
      return attempt(`replace ${path}`, () => replaceFile(folder, path, bytes));
    },
    remove: (name) => {
      const path = pathOf(name);
      return attempt(`remove ${path}`, async () => {
        await rm(path, { force: true });
        await syncFolder(folder);
      });
    },
  };
}

async function readIfPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function replaceFile(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}-${randomHex(systemRandom, 6)}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** A pid that was given anew keeps a file for longer; one that is this process's own is of an earlier one. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = Number(temporaryName.exec(name)?.[1]);
    if (Number.isNaN(pid) || (pid !== process.pid && isRunning(pid))) continue;
    await rm(join(folder, name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function attempt<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const errno = errnoOf(error) ?? 'an unknown fault';
    if (errno === 'ENOSPC' || errno === 'EDQUOT') {
      throw new SionError('capacity', `Could not ${what}: the disk is full (${errno}). Free space.`, { cause: error });
    }
    throw new SionError('unavailable', `Could not ${what}: ${errno}. Check the folder and its rights.`, {
      cause: error,
    });
  }
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
