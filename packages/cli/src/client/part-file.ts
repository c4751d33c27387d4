/**
 * A download on its way to a file: `FILE.sion-part` holds the bytes, `FILE.sion-part.json` says of which version they
 * are and how many are safely on the disk. A later run goes on from there; the file appears under its name only when it
 * is whole.
 *
 * Bytes of two versions must never meet in one part, also when two commands write to the same file. So a new version
 * gets a new file (its inode stands in the note, and a note counts only with that very file), a part that is taken up
 * again is only overwritten, never cut, and a part is renamed only while it is still the writer's own. Bytes count as
 * kept once they were forced to the disk: after a power cut the end of a file may be there in length alone.
 */
import type { Stats } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { CliError } from '../cli-error.ts';
import { fieldOf } from './http-call.ts';
import type { ReadSpan } from './object-read.ts';

/** Bytes between two times that they are forced to the disk. */
const checkpointBytes = 64 * 1024 * 1024;

/** What a part is of. */
export interface PartOrigin {
  /** Where the object is: host, port and path. */
  readonly object: string;
  /** The range that was asked for; empty = the whole object. */
  readonly range: string;
}

/** A part that an earlier run left. */
export interface LeftPart {
  readonly span: ReadSpan;
  readonly keptBytes: number;
}

export type FoundPart =
  | { readonly kind: 'none' }
  /** There is one that nothing can be done with. */
  | { readonly kind: 'useless' }
  | { readonly kind: 'left'; readonly left: LeftPart };

/** Looks for what an earlier run left beside `target`. */
export async function findPart(target: string, origin: PartOrigin): Promise<FoundPart> {
  const { part, note } = pathsOf(target);
  const status = await stat(part).catch(() => undefined);
  if (status === undefined) return { kind: 'none' };
  const read = readNote(await readFile(note, 'utf8').catch(() => ''));
  if (read === undefined || read.object !== origin.object || read.range !== origin.range) return { kind: 'useless' };
  const { span, keptBytes } = read;
  const fits = status.isFile() && status.ino === read.inode && keptBytes > 0 && keptBytes <= status.size;
  return fits && keptBytes <= span.end - span.start ? { kind: 'left', left: { span, keptBytes } } : { kind: 'useless' };
}

/** Removes what an earlier run left: the object is no more. */
export async function removePart(target: string): Promise<void> {
  const { part, note } = pathsOf(target);
  await rm(part, { force: true });
  await rm(note, { force: true });
}

export class PartFile {
  readonly #target: string;
  readonly #origin: PartOrigin;
  readonly #span: ReadSpan;
  readonly #file: FileHandle;
  readonly #inode: number;
  #writtenBytes: number;
  #keptBytes: number;

  private constructor(
    target: string,
    origin: PartOrigin,
    span: ReadSpan,
    file: FileHandle,
    inode: number,
    bytes: number,
  ) {
    this.#target = target;
    this.#origin = origin;
    this.#span = span;
    this.#file = file;
    this.#inode = inode;
    this.#writtenBytes = bytes;
    this.#keptBytes = bytes;
  }

  /** Begins anew; what an earlier run left goes. */
  static async begin(target: string, origin: PartOrigin, span: ReadSpan): Promise<PartFile> {
    return writing(target, async () => {
      await removePart(target);
      const mode = (await stat(target).catch(() => undefined))?.mode;
      const file = await open(pathsOf(target).part, 'wx', mode === undefined ? 0o666 : mode & 0o777);
      return new PartFile(target, origin, span, file, (await file.stat()).ino, 0);
    });
  }

  /** Goes on after the first `keptBytes` of what {@link findPart} has found. */
  static async resume(target: string, origin: PartOrigin, left: LeftPart, keptBytes: number): Promise<PartFile> {
    return writing(target, async () => {
      const file = await open(pathsOf(target).part, 'r+');
      return new PartFile(target, origin, left.span, file, (await file.stat()).ino, keptBytes);
    });
  }

  /** Bytes that a later run need not fetch again. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  async write(piece: Uint8Array): Promise<void> {
    await writing(this.#target, async () => {
      let done = 0;
      while (done < piece.byteLength) {
        const { bytesWritten } = await this.#file.write(piece, done, piece.byteLength - done, this.#writtenBytes);
        done += bytesWritten;
        this.#writtenBytes += bytesWritten;
      }
      if (this.#writtenBytes - this.#keptBytes >= checkpointBytes) await this.#checkpoint();
    });
  }

  /** All bytes have come: the file takes its name. */
  async finish(): Promise<void> {
    const { part, note } = pathsOf(this.#target);
    await writing(this.#target, async () => {
      await this.#file.datasync();
      const there: Stats | undefined = await stat(part).catch(() => undefined);
      if (there?.ino !== this.#inode) {
        throw new Error(`another command has taken ${part} away; let only one write to a file at a time`);
      }
      await rename(part, this.#target);
      await rm(note, { force: true });
    });
    await this.#file.close();
  }

  /** It did not come whole: what has come is kept for a later run. Never throws, since the reason is being told. */
  async leave(): Promise<void> {
    try {
      if (this.#writtenBytes > this.#keptBytes) await this.#checkpoint();
    } catch {
      // The disk is full, perhaps: then what was kept before is what counts.
    }
    await this.#file.close().catch(() => undefined);
    const mine = (await stat(pathsOf(this.#target).part).catch(() => undefined))?.ino === this.#inode;
    if (this.#keptBytes === 0 && mine) await removePart(this.#target).catch(() => undefined);
  }

  async #checkpoint(): Promise<void> {
    const bytes = this.#writtenBytes;
    await this.#file.datasync();
    const { note } = pathsOf(this.#target);
    const text = { format: 1, ...this.#origin, ...this.#span, inode: this.#inode, keptBytes: bytes };
    const fresh = `${note}.${process.pid}`;
    try {
      await writeFile(fresh, `${JSON.stringify(text)}\n`);
      await rename(fresh, note);
    } finally {
      await rm(fresh, { force: true });
    }
    this.#keptBytes = bytes;
  }
}

function pathsOf(target: string): { readonly part: string; readonly note: string } {
  return { part: `${target}.sion-part`, note: `${target}.sion-part.json` };
}

/** What fails is this side's disk or folder: asking the proxy again would not help. */
async function writing<T>(target: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw unwritable(target, error);
  }
}

/** The error for a file that cannot be written. */
export function unwritable(target: string, error: unknown): CliError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CliError(1, `${target} cannot be written: ${reason}`, { cause: error });
}

interface Note extends LeftPart, PartOrigin {
  readonly inode: number;
}

/** Undefined for what is no note of this format. */
function readNote(text: string): Note | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const words = ['object', 'range', 'etag'].map((name) => fieldOf(value, name));
  const counts = ['objectBytes', 'start', 'end', 'inode', 'keptBytes'].map((name) => fieldOf(value, name));
  if (fieldOf(value, 'format') !== 1 || !words.every(isText) || !counts.every(isCount)) return undefined;
  const [object = '', range = '', etag = ''] = words;
  const [objectBytes = 0, start = 0, end = 0, inode = 0, keptBytes = 0] = counts;
  return { object, range, span: { etag, objectBytes, start, end }, inode, keptBytes };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
