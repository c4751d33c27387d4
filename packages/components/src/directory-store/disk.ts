/**
 * The few file operations that the directory store and the private files are made of, and what their failures mean. A
 * seam: tests lay faults over {@link systemDisk} (a full disk, a failing rename). Nothing here retries, and nothing
 * follows a symbolic link.
 */
import { type BigIntStats, constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { SionError } from '@sion/wire';

/** What tells one file from another, and its size. */
export interface FileState {
  readonly kind: 'file' | 'folder' | 'other';
  readonly inode: bigint;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
}

/** An open file. Positions are byte offsets. */
export interface DiskFile {
  /** Fills `into` from `position` as far as the file goes; the number of bytes read. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes all of `bytes` at `position`. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  state(): Promise<FileState>;
  /** Sets the modification time, in milliseconds since the Unix epoch. */
  setModified(modifiedMs: number): Promise<void>;
  sync(): Promise<void>;
  /** Forces bytes and size to the disk, but not the times. */
  syncData(): Promise<void>;
  close(): Promise<void>;
}

/** Failures are the system's own errors, with their `code`. */
export interface Disk {
  openToRead(path: string): Promise<DiskFile>;
  /** Makes a new file, with the rights `mode`; fails when there is one. */
  create(path: string, mode?: number): Promise<DiskFile>;
  state(path: string): Promise<FileState>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  link(from: string, to: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  names(folder: string): AsyncIterable<FolderEntry>;
  syncFolder(path: string): Promise<void>;
  /** Bytes that may still be written to the disk of this folder. */
  freeBytes(folder: string): Promise<number>;
}

interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

// A FIFO put there by others must not block the reader, a link must not lead out of the store.
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** The machine's file system. */
export const systemDisk: Disk = {
  openToRead: async (path) => asDiskFile(await fs.open(path, readFlags)),
  create: async (path, mode) => asDiskFile(await fs.open(path, 'wx', mode)),
  state: async (path) => asState(await fs.lstat(path, { bigint: true })),
  rename: (from, to) => fs.rename(from, to),
  unlink: (path) => fs.unlink(path),
  link: (from, to) => fs.link(from, to),
  makeFolder: (path) => fs.mkdir(path),
  removeFolder: (path) => fs.rmdir(path),
  names: async function* names(folder) {
    for await (const entry of await fs.opendir(folder, { bufferSize: 1024 })) {
      yield { name: entry.name, isFolder: entry.isDirectory() };
    }
  },
  syncFolder: async (path) => {
    const folder = await fs.open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  freeBytes: async (folder) => {
    const { bavail, bsize } = await fs.statfs(folder);
    return bavail * bsize;
  },
};

function asDiskFile(handle: fs.FileHandle): DiskFile {
  return {
    read: async (into, position) => {
      let filled = 0;
      while (filled < into.byteLength) {
        const { bytesRead } = await handle.read(into, filled, into.byteLength - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    },
    write: async (bytes, position) => {
      let written = 0;
      while (written < bytes.byteLength) {
        const left = bytes.byteLength - written;
        written += (await handle.write(bytes, written, left, position + written)).bytesWritten;
      }
    },
    state: async () => asState(await handle.stat({ bigint: true })),
    setModified: (modifiedMs) => handle.utimes(modifiedMs / 1000, modifiedMs / 1000),
    sync: () => handle.sync(),
    syncData: () => handle.datasync(),
    close: () => handle.close(),
  };
}

function asState(stats: BigIntStats): FileState {
  return {
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
    inode: stats.ino,
    sizeBytes: Number(stats.size),
    modifiedNs: stats.mtimeNs,
  };
}

/** The system's code of a failure, e.g. `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** True for "there is no such file". */
export function isMissing(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOENT' || errno === 'ENOTDIR';
}

const tooManyFiles =
  'Too many files and connections are open: raise the limit of open files (ulimit -n), or lower SION_MAX_RESP_CONNECTIONS.';
const remedies: Readonly<Record<string, string>> = {
  EMFILE: tooManyFiles,
  ENFILE: tooManyFiles,
  EROFS: 'Mount the file system for writing.',
  EISDIR: 'A folder has the name of a file: move it away.',
};

/** What a failure of the disk means to the store's caller when nothing was changed by it. */
export function unchanged(what: string, error: unknown): SionError {
  if (error instanceof SionError) return error;
  const errno = errnoOf(error) ?? String(error);
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    const why = errno === 'ENOSPC' ? 'the disk is full' : 'the disk quota is used up';
    return new SionError('capacity', `Could not ${what}: ${why} (${errno}). Free space and try again.`, {
      cause: error,
    });
  }
  const remedy = remedies[errno] ?? 'Check that the folder is there, mounted and readable.';
  return new SionError('unavailable', `Could not ${what}: ${errno}. ${remedy}`, { cause: error });
}

/** What a failure after the commit point means: the change is visible now, but may not survive a power cut. */
export function uncertain(what: string, error: unknown): SionError {
  const errno = errnoOf(error) ?? String(error);
  const message = `Whether the store could ${what} durably is unknown: ${errno}. Read it before writing it again.`;
  return new SionError('indeterminate', message, { cause: error });
}

/** Failures of a rename that leave open whether it happened. */
export function mayHaveHappened(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'EIO' || errno === 'ETIMEDOUT' || errno === 'ESTALE' || errno === undefined;
}
