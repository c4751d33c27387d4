/**
 * Reading objects without a lock, beside a writer in this or another process. The data file is opened first, then its
 * sidecar is read. A sidecar always has the record of the data file that stands under the name at that time; so when no
 * record fits, either a write passed in between (the name leads to another file by now: look again), or the file was put
 * there by others. What is open is read to its end, whatever replaces it.
 */
import { SionError } from '@sion/wire';
import type { ByteRange, StoreBody, StoredObject } from '../store.ts';
import { type Disk, type DiskFile, errnoOf, type FileState, isMissing, unchanged } from './disk.ts';
import { type Place, type RootFolder, readSmallFile } from './root-folder.ts';
import { decodeSidecar, findRecord, foreignEtag, type SidecarRecord } from './sidecar.ts';

/** Bodies up to this size are read at once. */
const atOnceBytes = 1024 * 1024;
/** Longer ones come in pieces: small ones, for every slow reader holds back some of them, on nobody's account. */
const pieceBytes = 256 * 1024;

const lookRounds = 1000;

/** An object as found, with its open data file, which the finder closes. */
export interface FoundObject {
  readonly object: StoredObject;
  readonly state: FileState;
  /** Absent on objects put by others. */
  readonly record: SidecarRecord | undefined;
  readonly file: DiskFile;
}

/** Finds an object and opens it; undefined when there is none. Rejects with `unavailable` or `corrupt`. */
export async function findObject(name: string, root: RootFolder, disk: Disk): Promise<FoundObject | undefined> {
  const { data, sidecar } = root.places(name);
  try {
    for (let round = 0; round < lookRounds; round += 1) {
      const file = await openData(data, root, disk);
      if (file === undefined) return undefined;
      const found = await examine(name, file, data, sidecar, disk).catch(async (error: unknown) => {
        await file.close();
        throw error;
      });
      if (found !== undefined) {
        if (found.state.kind === 'file') return found;
        await file.close();
        return undefined;
      }
      await file.close();
    }
  } catch (error) {
    throw unchanged(`read the object ${name}`, error);
  }
  throw new SionError('unavailable', `The object ${name} changes faster than it can be read. Try again.`);
}

async function examine(
  name: string,
  file: DiskFile,
  data: Place,
  sidecar: Place,
  disk: Disk,
): Promise<FoundObject | undefined> {
  const state = await file.state();
  const bytes = await readSmallFile(sidecar.path, disk);
  const record = bytes === undefined ? undefined : findRecord(decodeSidecar(bytes, sidecar.path), state);
  if (record === undefined && !(await isStill(data.path, state, disk))) return undefined;
  const object: StoredObject = {
    name,
    sizeBytes: state.sizeBytes,
    etag: record?.etag ?? foreignEtag(state),
    modifiedMs: Number(state.modifiedNs / 1_000_000n),
    metadata: record?.metadata ?? {},
  };
  return { object, state, record, file };
}

async function openData(data: Place, root: RootFolder, disk: Disk): Promise<DiskFile | undefined> {
  const file = await tryOpen(data, disk);
  if (file !== undefined) return file;
  // No such object, or no store at all? Looked at again after the store was seen to be there.
  await root.assertPresent();
  return tryOpen(data, disk);
}

async function tryOpen(data: Place, disk: Disk): Promise<DiskFile | undefined> {
  try {
    return await disk.openToRead(data.path);
  } catch (error) {
    const errno = errnoOf(error);
    // Symbolic links and sockets are not objects.
    if (isMissing(error) || errno === 'ELOOP' || errno === 'ENXIO') return undefined;
    throw error;
  }
}

async function isStill(path: string, state: FileState, disk: Disk): Promise<boolean> {
  try {
    const now = await disk.state(path);
    return now.inode === state.inode && now.sizeBytes === state.sizeBytes && now.modifiedNs === state.modifiedNs;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** The bytes of `range`; takes the found file over and closes it. A small range is read before this settles. */
export async function openBody(found: FoundObject, range: ByteRange): Promise<StoreBody> {
  if (range.end - range.start > atOnceBytes) return new FileBody(found, range);
  try {
    const bytes = await readPiece(found, range.start, range.end - range.start);
    await assertUnchanged(found);
    return new ReadBody(found.object.name, bytes);
  } finally {
    await found.file.close();
  }
}

/** A body that is in memory already. */
class ReadBody implements StoreBody {
  readonly #name: string;
  #bytes: Uint8Array | undefined;

  constructor(name: string, bytes: Uint8Array) {
    this.#name = name;
    this.#bytes = bytes;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const bytes = this.#bytes;
    if (bytes === undefined) throw givenUp(this.#name);
    this.#bytes = undefined;
    if (bytes.byteLength > 0) yield bytes;
  }

  cancel(): void {
    this.#bytes = undefined;
  }
}

/** A body that is read from its file piece by piece, the next piece being read while the last one is used. */
class FileBody implements StoreBody {
  readonly #found: FoundObject;
  readonly #range: ByteRange;
  #state: 'unread' | 'reading' | 'over' = 'unread';

  constructor(found: FoundObject, range: ByteRange) {
    this.#found = found;
    this.#range = range;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.#state !== 'unread') throw givenUp(this.#found.object.name);
    this.#state = 'reading';
    let position = this.#range.start;
    let next = this.#read(position);
    try {
      while (position < this.#range.end) {
        const piece = await next;
        this.#assertWanted();
        position += piece.byteLength;
        if (position < this.#range.end) next = this.#read(position);
        else await assertUnchanged(this.#found);
        yield piece;
        if (position < this.#range.end) this.#assertWanted();
      }
    } finally {
      this.cancel();
    }
  }

  cancel(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    // Waits by itself for a read that is under way.
    this.#found.file.close().catch(() => {});
  }

  #assertWanted(): void {
    if (this.#state !== 'reading') throw givenUp(this.#found.object.name);
  }

  #read(position: number): Promise<Uint8Array> {
    const piece = readPiece(this.#found, position, Math.min(pieceBytes, this.#range.end - position));
    // Awaited above; a reader that stops before must not leave an unhandled rejection.
    piece.catch(() => {});
    return piece;
  }
}

/** A body that was cancelled or read before must not look like one that ended. */
function givenUp(name: string): SionError {
  return new SionError('closed', `The body of ${name} was given up or read before. Get the object again.`);
}

async function readPiece(found: FoundObject, position: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  try {
    if ((await found.file.read(bytes, position)) === length) return bytes;
  } catch (error) {
    throw unchanged(`read the object ${found.object.name}`, error);
  }
  throw new SionError('unavailable', `The object ${found.object.name} was cut short while it was read. Read it again.`);
}

/** SION never changes a data file in place; others may. */
async function assertUnchanged(found: FoundObject): Promise<void> {
  if (found.record !== undefined) return;
  const now = await found.file.state().catch((error: unknown) => {
    throw unchanged(`read the object ${found.object.name}`, error);
  });
  if (now.modifiedNs === found.state.modifiedNs && now.sizeBytes === found.state.sizeBytes) return;
  throw new SionError('unavailable', `The object ${found.object.name} was changed while it was read. Read it again.`);
}
