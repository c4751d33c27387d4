/**
 * The {@link Store} over a folder: one plain file per object, readable with any tool; metadata in sidecars; one writer,
 * many readers, in any number of processes. The layout is told in docs/store-layout.md, each rule in the module that
 * keeps it: names (file-names), presence (root-folder), the right to write (writership), reading without locks
 * (object-reader), changing with one commit point (object-writer).
 */
import { SionError } from '@sion/wire';
import type { Random } from '../random.ts';
import type {
  ByteRange,
  DeleteOutcome,
  GetOptions,
  GetOutcome,
  ListOptions,
  ListPage,
  Store,
  StoredMetadata,
  StoredObject,
  Upload,
  WriteCondition,
  WriteOutcome,
} from '../store.ts';
import { type Disk, systemDisk } from './disk.ts';
import { isOwnName } from './file-names.ts';
import { FolderSync } from './folder-sync.ts';
import { defaultReserveBytes, FreeSpace } from './free-space.ts';
import { listObjects } from './listing.ts';
import { NameLock } from './name-lock.ts';
import { findObject, openBody } from './object-reader.ts';
import { ObjectWriter } from './object-writer.ts';
import { openRoot, type RootFolder } from './root-folder.ts';
import type { StagedFile } from './staged-file.ts';
import { claimWritership, type Writership } from './writership.ts';

export interface DirectoryStoreOptions {
  /** The folder of the store. */
  readonly root: string;
  /** Makes the folder where it is missing; without it, opening what is no store rejects with `unavailable`. */
  readonly create: boolean;
  /** For ETags and the names of staging folders; must never repeat itself between processes. */
  readonly random: Random;
  /** Room on the disk that users' bytes never take; see free-space. */
  readonly reserveBytes?: number;
  /** Default: the machine's. */
  readonly disk?: Disk;
}

/** Opens a directory store for reading; `claim` makes it the writer. */
export async function openDirectoryStore(options: DirectoryStoreOptions): Promise<Store> {
  const { disk = systemDisk, random, reserveBytes = defaultReserveBytes } = options;
  const root = await openRoot({ ...options, disk });
  return new DirectoryStore(root, random, disk, new FreeSpace(root.path, reserveBytes, disk));
}

class DirectoryStore implements Store {
  readonly #root: RootFolder;
  readonly #random: Random;
  readonly #disk: Disk;
  readonly #space: FreeSpace;
  readonly #folders: FolderSync;
  readonly #locks = new NameLock();
  #writing: { readonly writership: Writership; readonly writer: ObjectWriter } | undefined;
  #closed = false;

  constructor(root: RootFolder, random: Random, disk: Disk, space: FreeSpace) {
    this.#root = root;
    this.#random = random;
    this.#disk = disk;
    this.#space = space;
    this.#folders = new FolderSync(disk);
  }

  async claim(): Promise<void> {
    this.#assertOpen();
    const writership = await claimWritership(this.#root, this.#random, this.#disk);
    const writer = new ObjectWriter(writership, this.#root, this.#random, this.#disk, this.#folders);
    this.#writing = { writership, writer };
  }

  async head(name: string): Promise<StoredObject | undefined> {
    this.#assertOpen();
    const found = await findObject(name, this.#root, this.#disk);
    await found?.file.close();
    return found?.object;
  }

  async get(name: string, options: GetOptions = {}): Promise<GetOutcome> {
    this.#assertOpen();
    const found = await findObject(name, this.#root, this.#disk);
    if (found === undefined) return { kind: 'miss' };
    const { object } = found;
    const range = clip(options.range, object.sizeBytes);
    if (options.ifMatch !== undefined && options.ifMatch !== object.etag) {
      await found.file.close();
      return { kind: 'superseded' };
    }
    if (range === undefined) {
      await found.file.close();
      return { kind: 'outside', object };
    }
    return { kind: 'hit', object, range, body: await openBody(found, range) };
  }

  async put(
    name: string,
    bytes: Uint8Array,
    metadata: StoredMetadata,
    condition: WriteCondition,
  ): Promise<WriteOutcome> {
    const writer = this.#writer();
    if (!isOwnName(name)) await this.#space.assertRoom(bytes.byteLength);
    return this.#locks.run(name, () => writer.put(name, bytes, metadata, condition));
  }

  async beginUpload(name: string): Promise<Upload> {
    this.#root.places(name);
    const writer = this.#writer();
    await this.#space.assertRoom(0);
    const data = await writer.stage();
    return new DirectoryUpload(data, this.#space, (metadata, condition) =>
      this.#locks.run(name, () => writer.install(name, data, metadata, condition)),
    );
  }

  async replaceMetadata(name: string, etag: string, metadata: StoredMetadata): Promise<WriteOutcome> {
    const writer = this.#writer();
    return this.#locks.run(name, () => writer.replaceMetadata(name, etag, metadata));
  }

  async delete(name: string, etag: string): Promise<DeleteOutcome> {
    const writer = this.#writer();
    return this.#locks.run(name, () => writer.delete(name, etag));
  }

  async list(prefix: string, options: ListOptions): Promise<ListPage> {
    this.#assertOpen();
    return listObjects(prefix, options, this.#root, this.#disk);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#locks.idle();
    await this.#writing?.writership.release();
  }

  #assertOpen(): void {
    if (this.#closed) throw new SionError('closed', 'This store was closed. Open it again.');
  }

  #writer(): ObjectWriter {
    this.#assertOpen();
    if (this.#writing !== undefined) return this.#writing.writer;
    throw new SionError('closed', 'This store was opened for reading. Claim it before writing.');
  }
}

/** An upload into a staged file. */
class DirectoryUpload implements Upload {
  readonly #data: StagedFile;
  readonly #space: FreeSpace;
  readonly #install: (metadata: StoredMetadata, condition: WriteCondition) => Promise<WriteOutcome>;

  constructor(
    data: StagedFile,
    space: FreeSpace,
    install: (metadata: StoredMetadata, condition: WriteCondition) => Promise<WriteOutcome>,
  ) {
    this.#data = data;
    this.#space = space;
    this.#install = install;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#assertOpen();
    await this.#space.assertRoom(bytes.byteLength);
    await this.#data.write(bytes);
  }

  async commit(metadata: StoredMetadata, condition: WriteCondition): Promise<WriteOutcome> {
    this.#assertOpen();
    // The long part, before the name's lock is taken.
    await this.#data.sync();
    try {
      const outcome = await this.#install(metadata, condition);
      if (outcome.kind === 'written') await this.#data.discard();
      return outcome;
    } catch (error) {
      // Nobody may commit it again when it may have happened already.
      if (error instanceof SionError && error.code === 'indeterminate') await this.#data.discard();
      throw error;
    }
  }

  abort(): Promise<void> {
    return this.#data.discard();
  }

  #assertOpen(): void {
    if (!this.#data.isOpen) throw new SionError('closed', 'This upload is over. Begin another one.');
  }
}

/** The part of the range that lies inside the object; undefined when none does. */
function clip(range: ByteRange | undefined, sizeBytes: number): ByteRange | undefined {
  if (range === undefined) return { start: 0, end: sizeBytes };
  const { start, end } = range;
  if (!Number.isSafeInteger(start) || start < 0 || !(end > start)) {
    throw new RangeError(`Not a range of bytes: [${start}, ${end}).`);
  }
  return start >= sizeBytes ? undefined : { start, end: Math.min(end, sizeBytes) };
}
