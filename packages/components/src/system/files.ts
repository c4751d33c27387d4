/**
 * The system form of {@link Files}: one private folder. A file is replaced by writing a temporary one beside it, forcing
 * that to the disk, renaming it over the old one, and forcing the folder. It must never reach outside its folder.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SionError } from '@sion/wire';
import { type Disk, errnoOf, isMissing, systemDisk } from '../directory-store/disk.ts';
import type { Files } from '../files.ts';
import { randomHex } from '../random.ts';
import { AppendedFile, attempt, openToRead } from './open-file.ts';
import { systemRandom } from './random.ts';

/** A file name of {@link Files}: letters, digits, `.`, `_` and `-`, not starting with a dot, at most 200 characters. */
const fileName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;

/** A temporary file, and the pid of the process that made it. */
const temporaryName = /\.(\d+)-[0-9a-f]{12}\.tmp$/;

/** Nobody else's to read: values of users stand in them. */
const privateMode = 0o600;

/**
 * The files of `folder`, which is made when it is missing. Failures of the disk reject with `unavailable` or `capacity`.
 * `disk` is for tests, which lay faults over it.
 */
export async function openFiles(folder: string, disk: Disk = systemDisk): Promise<Files> {
  await attempt(`make the folder ${folder}`, async () => {
    await mkdir(folder, { recursive: true });
    await removeLeftovers(folder, disk);
  });
  const pathOf = (name: string) => {
    if (!fileName.test(name)) throw new RangeError(`Not a plain file name: ${JSON.stringify(name)}.`);
    return join(folder, name);
  };
  return {
    read: (name) => {
      const path = pathOf(name);
      return attempt(`read ${path}`, () => readIfPresent(path, disk));
    },
    replace: (name, bytes) => {
      const path = pathOf(name);
      return attempt(`replace ${path}`, () => replaceFile(folder, path, bytes, disk));
    },
    remove: (name) => {
      const path = pathOf(name);
      return attempt(`remove ${path}`, () => removeFile(folder, path, disk));
    },
    list: () => attempt(`list ${folder}`, () => listFiles(folder, disk)),
    create: (name) => {
      const path = pathOf(name);
      return attempt(`make ${path}`, () => createFile(folder, path, disk));
    },
    open: (name) => {
      const path = pathOf(name);
      return attempt(`open ${path}`, () => openIfPresent(path, disk));
    },
    rename: (from, to) => {
      const [fromPath, toPath] = [pathOf(from), pathOf(to)];
      return renameFile(folder, fromPath, toPath, disk);
    },
  };
}

async function openIfPresent(path: string, disk: Disk) {
  const file = await disk.openToRead(path).catch(orMissing);
  if (file === undefined) return undefined;
  try {
    return await openToRead(path, file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readIfPresent(path: string, disk: Disk): Promise<Uint8Array | undefined> {
  const file = await openIfPresent(path, disk);
  if (file === undefined) return undefined;
  try {
    return await file.read(0, file.sizeBytes);
  } finally {
    await file.close();
  }
}

async function createFile(folder: string, path: string, disk: Disk): Promise<AppendedFile> {
  try {
    return new AppendedFile(path, folder, await disk.create(path, privateMode), disk);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    throw new SionError(
      'invalid',
      `Could not make ${path}: that name is taken, by a file or a folder. Take another, or move that away.`,
      {
        cause: error,
      },
    );
  }
}

async function replaceFile(folder: string, path: string, bytes: Uint8Array, disk: Disk): Promise<void> {
  const temporary = `${path}.${process.pid}-${randomHex(systemRandom, 6)}.tmp`;
  try {
    const file = await disk.create(temporary, privateMode);
    try {
      await file.write(bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(temporary, path);
  } catch (error) {
    await disk.unlink(temporary).catch(() => {});
    throw error;
  }
  await disk.syncFolder(folder);
}

async function removeFile(folder: string, path: string, disk: Disk): Promise<void> {
  await disk.unlink(path).catch(orMissing);
  // Also when it was gone: an earlier removal may have failed here.
  await disk.syncFolder(folder);
}

async function renameFile(folder: string, from: string, to: string, disk: Disk): Promise<void> {
  await attempt(`rename ${from} to ${to}`, () => disk.rename(from, to));
  try {
    await disk.syncFolder(folder);
  } catch (error) {
    const message = `Renamed ${from} to ${to}, but whether durably is unknown: ${errnoOf(error) ?? String(error)}.`;
    throw new SionError('indeterminate', `${message} Check the folder and its disk.`, { cause: error });
  }
}

async function listFiles(folder: string, disk: Disk): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name, isFolder } of disk.names(folder)) {
    if (!isFolder && fileName.test(name) && !temporaryName.test(name)) names.push(name);
  }
  return names.sort();
}

/** A pid that was given anew keeps a file for longer; one that is this process's own is of an earlier one. */
async function removeLeftovers(folder: string, disk: Disk): Promise<void> {
  const names: string[] = [];
  for await (const { name } of disk.names(folder)) names.push(name);
  for (const name of names) {
    const pid = Number(temporaryName.exec(name)?.[1]);
    if (Number.isNaN(pid) || (pid !== process.pid && isRunning(pid))) continue;
    await disk.unlink(join(folder, name)).catch(orMissing);
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

function orMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
