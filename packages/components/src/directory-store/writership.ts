/**
 * The right to write, and its end. Each writer has a staging folder `.sion/writers/<n>-<random>`, n counting up. All that
 * a writer changes, it changes by one rename out of or into that folder. Who claims the store makes a folder with a
 * higher n, then revokes every lower one: renames it away, empties it and removes it. From then on each rename of the
 * earlier writer fails, however late it wakes, even inside the system call (a removed folder takes and gives no file).
 *
 *     claim: list → make <n> → list: a higher one? start again : revoke the lower ones → own folder still there? claimed
 */
import { join } from 'node:path';
import { SionError } from '@sion/wire';
import { type Random, randomHex } from '../random.ts';
import { type Disk, isMissing, unchanged } from './disk.ts';
import type { RootFolder } from './root-folder.ts';

const claimRounds = 20;

/** One claim of one store; a later claim ends it. */
export class Writership {
  readonly folder: string;
  readonly #disk: Disk;
  readonly #root: RootFolder;
  #files = 0;
  #revoked = false;

  constructor(folder: string, root: RootFolder, disk: Disk) {
    this.folder = folder;
    this.#root = root;
    this.#disk = disk;
  }

  /** A path in the staging folder that was not given out before. */
  stage(kind: 'data' | 'meta' | 'gone'): string {
    this.#files += 1;
    return join(this.folder, `${this.#files}.${kind}`);
  }

  /** Rejects with `closed` when this writer is known to be revoked. Only a rename can tell for sure. */
  assertHeld(): void {
    if (this.#revoked) throw closed();
  }

  /**
   * Judges a "no such file" of a rename or a create: rejects with `unavailable` when the store is gone, with `closed`
   * when another writer has claimed it; returns when neither is so.
   */
  async judgeMissing(): Promise<void> {
    await this.#root.assertPresent();
    if (await exists(this.folder, this.#disk)) return;
    // Not before the store was seen again: it may have been away for that moment only.
    await this.#root.assertPresent();
    if (await exists(this.folder, this.#disk)) return;
    this.#revoked = true;
    throw closed();
  }

  /** Gives the right up; nothing of this writer takes effect after it. */
  async release(): Promise<void> {
    if (this.#revoked) return;
    this.#revoked = true;
    await revoke(this.folder, this.#root, this.#disk);
  }
}

/** Takes the right to write from whoever has it. Rejects with `closed` when a later claim came in between. */
export async function claimWritership(root: RootFolder, random: Random, disk: Disk): Promise<Writership> {
  try {
    for (let round = 0; round < claimRounds; round += 1) {
      const before = await listWriters(root, disk);
      const number = Math.max(0, ...before.map(numberOf)) + 1;
      const own = `${number}-${randomHex(random, 8)}`;
      const folder = join(root.writers, own);
      await disk.makeFolder(folder);
      const others = (await listWriters(root, disk)).filter((writer) => writer !== own);
      if (others.some((writer) => isLater(writer, own))) {
        await revoke(folder, root, disk);
        continue;
      }
      for (const writer of others) await revoke(join(root.writers, writer), root, disk);
      await clearRevoked(root, disk);
      if (!(await exists(folder, disk))) throw closed();
      await assertExactNames(folder, disk);
      return new Writership(folder, root, disk);
    }
  } catch (error) {
    if (isMissing(error)) await root.assertPresent();
    throw unchanged(`claim the store ${root.path}`, error);
  }
  throw new SionError('unavailable', `Others keep claiming the store ${root.path}. Stop them and try again.`);
}

/** What somebody gets who may not write. */
function closed(): SionError {
  return new SionError('closed', 'Another process has claimed the store. Connect to that one.');
}

async function listWriters(root: RootFolder, disk: Disk): Promise<readonly string[]> {
  const writers: string[] = [];
  for await (const { name } of disk.names(root.writers)) if (/^[1-9]\d{0,14}-/.test(name)) writers.push(name);
  return writers;
}

function numberOf(writer: string): number {
  return Number.parseInt(writer, 10);
}

function isLater(a: string, b: string): boolean {
  return numberOf(a) - numberOf(b) > 0 || (numberOf(a) === numberOf(b) && a > b);
}

/** Ends a writer for good; whoever else revokes it at the same time does no harm. */
async function revoke(folder: string, root: RootFolder, disk: Disk): Promise<void> {
  const away = join(root.revoked, folder.slice(root.writers.length + 1));
  try {
    await disk.rename(folder, away);
  } catch (error) {
    if (!isMissing(error)) throw error;
    // Another claim has moved it; it may not have emptied it yet.
  }
  await remove(away, disk);
}

async function clearRevoked(root: RootFolder, disk: Disk): Promise<void> {
  for await (const { name } of disk.names(root.revoked)) await remove(join(root.revoked, name), disk);
}

/** Empties and removes a folder of files, also while a rename that began earlier still puts one in. */
async function remove(folder: string, disk: Disk): Promise<void> {
  for (;;) {
    try {
      for await (const { name } of disk.names(folder)) await ignoreMissing(disk.unlink(join(folder, name)));
      await disk.removeFolder(folder);
      return;
    } catch (error) {
      if (isMissing(error)) return;
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error;
    }
  }
}

/** Two names that differ in case or composition must be two files, or objects would overwrite each other. */
async function assertExactNames(folder: string, disk: Disk): Promise<void> {
  const probes = [
    ['probe-a', 'PROBE-A'],
    ['probe-\u00e9', 'probe-e\u0301'],
  ] as const;
  for (const [written, asked] of probes) {
    const path = join(folder, written);
    await (await disk.create(path)).close();
    const confused = await exists(join(folder, asked), disk);
    await disk.unlink(path);
    if (!confused) continue;
    const remedy = 'Put the store on a case-sensitive one.';
    throw new SionError(
      'invalid',
      `The file system of ${folder} takes ${written} and ${asked} for one file. ${remedy}`,
    );
  }
}

async function exists(path: string, disk: Disk): Promise<boolean> {
  try {
    await disk.state(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function ignoreMissing(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
