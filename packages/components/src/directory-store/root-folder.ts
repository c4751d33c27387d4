/**
 * The folder that a store lies in: its inner layout, and whether it is still there. Absence is the danger: a folder that
 * was moved away or a disk that is not mounted must never look like a store without objects. So every "no such file" is
 * checked against the store's id in `.sion/format.json`, and nothing ever makes the folder again after it was opened.
 *
 *     <root>/<file names>          the users' bytes
 *     <root>/.sion/format.json     {"format":1,"id":"…"}
 *     <root>/.sion/own/…           the bytes of SION's own names
 *     <root>/.sion/meta/…          the sidecars
 *     <root>/.sion/writers/<n>-…/  the staging folder of a writer
 *     <root>/.sion/revoked/…       staging folders on their way out
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SionError } from '@sion/wire';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { type Random, randomHex } from '../random.ts';
import { type Disk, errnoOf, isMissing, unchanged } from './disk.ts';
import { isOwnName, pathOfName } from './file-names.ts';

const formatSchema = Type.Object({ format: Type.Literal(1), id: Type.String() });

/** A file below one of the root's folders. */
export interface Place {
  /** The folder that exists since the store was made. */
  readonly base: string;
  /** Folders below it, for names too long for one file. */
  readonly folders: readonly string[];
  readonly path: string;
  /** The folder that the file itself stands in. */
  readonly parent: string;
}

/** Where the bytes and the sidecar of a name are. */
export interface Places {
  readonly data: Place;
  readonly sidecar: Place;
}

export interface RootOptions {
  readonly root: string;
  /** Makes the folder and its inner layout where they are missing. */
  readonly create: boolean;
  readonly random: Random;
  readonly disk: Disk;
}

/** An opened root. */
export class RootFolder {
  readonly path: string;
  readonly writers: string;
  readonly revoked: string;
  readonly #own: string;
  readonly #meta: string;
  readonly #format: string;
  readonly #disk: Disk;
  readonly #id: string;

  constructor(path: string, id: string, disk: Disk) {
    const inner = join(path, '.sion');
    this.path = path;
    this.writers = join(inner, 'writers');
    this.revoked = join(inner, 'revoked');
    this.#own = join(inner, 'own');
    this.#meta = join(inner, 'meta');
    this.#format = join(inner, 'format.json');
    this.#disk = disk;
    this.#id = id;
  }

  /** Throws `invalid` for what is no name. */
  places(name: string): Places {
    const steps = pathOfName(name);
    return {
      data: placeBelow(isOwnName(name) ? this.#own : this.path, steps),
      sidecar: placeBelow(this.#meta, steps),
    };
  }

  /** Rejects with `unavailable` unless the very store that was opened is there. */
  async assertPresent(): Promise<void> {
    const id = await readFormat(this.#format, this.#disk);
    if (id === this.#id) return;
    const what = id === undefined ? 'is not there' : 'is another store now';
    throw new SionError('unavailable', `The store folder ${this.path} ${what}. Put it back or mount it.`);
  }
}

/** Opens a root, making it first where `create` says so. Rejects with `unavailable` or `capacity`. */
export async function openRoot(options: RootOptions): Promise<RootFolder> {
  const { root, create, disk } = options;
  const format = join(root, '.sion', 'format.json');
  if (create) await makeRoot(options, format);
  const id = await readFormat(format, disk);
  if (id !== undefined) return new RootFolder(root, id, disk);
  throw new SionError('unavailable', `There is no store in ${root}. Name the right folder, or have it made.`);
}

async function makeRoot({ root, random, disk }: RootOptions, format: string): Promise<void> {
  const inner = join(root, '.sion');
  try {
    // Outside the disk's seam: it happens once, before there is a store that could fail.
    for (const folder of ['own', 'meta', 'writers', 'revoked']) await mkdir(join(inner, folder), { recursive: true });
    if ((await readFormat(format, disk)) !== undefined) return;
    const temporary = join(inner, `format-${randomHex(random, 8)}.tmp`);
    const file = await disk.create(temporary);
    try {
      await file.write(Buffer.from(`${JSON.stringify({ format: 1, id: randomHex(random, 16) })}\n`), 0);
      await file.sync();
    } finally {
      await file.close();
    }
    // Of two processes that make the store at once, one wins.
    await disk.link(temporary, format).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error;
    });
    await disk.unlink(temporary);
    for (const folder of [inner, root]) await disk.syncFolder(folder);
  } catch (error) {
    throw unchanged(`make a store in ${root}`, error);
  }
}

/** The id in a format file; undefined when there is none. */
async function readFormat(path: string, disk: Disk): Promise<string | undefined> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = await readSmallFile(path, disk);
  } catch (error) {
    throw unchanged(`read ${path}`, error);
  }
  return bytes === undefined ? undefined : decodeFormat(bytes, path);
}

function decodeFormat(bytes: Uint8Array, path: string): string {
  try {
    const content: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (Value.Check(formatSchema, content)) return content.id;
  } catch {
    // Told below.
  }
  throw new SionError('unavailable', `${path} is damaged or of a later SION. Restore it, or use that SION.`);
}

/** A whole file; undefined when there is none. */
export async function readSmallFile(path: string, disk: Disk): Promise<Uint8Array | undefined> {
  let file: Awaited<ReturnType<Disk['openToRead']>>;
  try {
    file = await disk.openToRead(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const bytes = new Uint8Array((await file.state()).sizeBytes);
    return bytes.subarray(0, await file.read(bytes, 0));
  } finally {
    await file.close();
  }
}

function placeBelow(base: string, steps: readonly string[]): Place {
  const folders = steps.slice(0, -1);
  return { base, folders, path: join(base, ...steps), parent: join(base, ...folders) };
}
