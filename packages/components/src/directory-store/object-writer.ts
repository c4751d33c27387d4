/**
 * The changes of one object, as sequences with one commit point each. The caller holds the name's lock.
 *
 *     put      data temp and sidecar temp with old and new record, sync both · rename sidecar, sync folder
 *              → RENAME DATA → sync folder
 *     replace  sidecar temp with the changed record, sync → RENAME SIDECAR → sync folder
 *     delete   → RENAME DATA AWAY → sync folder · drop data and sidecar
 *
 * Before the commit point a failure changes nothing that a reader could see; after it, it is `indeterminate`.
 */
import { type Random, randomHex } from '../random.ts';
import type { DeleteOutcome, StoredMetadata, WriteCondition, WriteOutcome } from '../store.ts';
import { type Disk, isMissing, mayHaveHappened, uncertain, unchanged } from './disk.ts';
import type { FolderSync } from './folder-sync.ts';
import { type FoundObject, findObject } from './object-reader.ts';
import type { Place, RootFolder } from './root-folder.ts';
import { bindRecord, encodeSidecar, type SidecarRecord } from './sidecar.ts';
import { moveIntoPlace, StagedFile } from './staged-file.ts';
import type { Writership } from './writership.ts';

/** What is found of an object, without its open file. */
type Current = Pick<FoundObject, 'object' | 'state' | 'record'>;

/** Writes of one writer. */
export class ObjectWriter {
  readonly #writer: Writership;
  readonly #root: RootFolder;
  readonly #random: Random;
  readonly #disk: Disk;
  readonly #folders: FolderSync;

  constructor(writer: Writership, root: RootFolder, random: Random, disk: Disk, folders: FolderSync) {
    this.#writer = writer;
    this.#root = root;
    this.#random = random;
    this.#disk = disk;
    this.#folders = folders;
  }

  /** A new data file in the staging folder. */
  stage(): Promise<StagedFile> {
    return StagedFile.create('data', this.#writer, this.#disk);
  }

  /** Puts bytes under a name. */
  async put(
    name: string,
    bytes: Uint8Array,
    metadata: StoredMetadata,
    condition: WriteCondition,
  ): Promise<WriteOutcome> {
    const current = await this.#find(name);
    if (!meets(condition, current)) return { kind: 'conflict' };
    const data = await this.stage();
    try {
      await data.write(bytes);
      return await this.#install(name, data, metadata, current);
    } finally {
      await data.discard();
    }
  }

  /** Puts a staged file under a name. The caller discards it. */
  async install(
    name: string,
    data: StagedFile,
    metadata: StoredMetadata,
    condition: WriteCondition,
  ): Promise<WriteOutcome> {
    const current = await this.#find(name);
    return meets(condition, current) ? this.#install(name, data, metadata, current) : { kind: 'conflict' };
  }

  async replaceMetadata(name: string, etag: string, metadata: StoredMetadata): Promise<WriteOutcome> {
    const what = `change the metadata of ${name}`;
    const current = await this.#find(name);
    if (current?.object.etag !== etag) return { kind: 'conflict' };
    const next = this.#newEtag();
    const { sidecar } = this.#root.places(name);
    const staged = await this.#stageSidecar([bindRecord(current.state, next, metadata)]);
    try {
      await this.#commit(what, () => this.#move(staged, sidecar));
    } finally {
      await staged.discard();
    }
    await this.#settle(what, sidecar);
    return { kind: 'written', etag: next };
  }

  async delete(name: string, etag: string): Promise<DeleteOutcome> {
    const what = `delete ${name}`;
    const current = await this.#find(name);
    if (current === undefined) return { kind: 'missing' };
    if (current.object.etag !== etag) return { kind: 'conflict' };
    const { data, sidecar } = this.#root.places(name);
    const gone = this.#writer.stage('gone');
    const moved = await this.#commit(what, () => this.#moveAway(data, gone));
    if (!moved) return { kind: 'missing' };
    await this.#settle(what, data);
    await this.#drop(sidecar, gone);
    return { kind: 'deleted' };
  }

  async #find(name: string): Promise<Current | undefined> {
    this.#writer.assertHeld();
    const found = await findObject(name, this.#root, this.#disk);
    await found?.file.close();
    return found;
  }

  async #install(
    name: string,
    data: StagedFile,
    metadata: StoredMetadata,
    current: Current | undefined,
  ): Promise<WriteOutcome> {
    const what = `write ${name}`;
    const etag = this.#newEtag();
    const places = this.#root.places(name);
    const kept = current?.record === undefined ? [] : [current.record];
    try {
      const state = await data.state(current?.state);
      // Both must be on the disk before the sidecar is renamed; together they cost one wait.
      const synced = data.sync();
      synced.catch(() => {});
      const staged = await this.#stageSidecar([...kept, bindRecord(state, etag, metadata)]);
      try {
        await synced;
        await this.#move(staged, places.sidecar);
      } finally {
        await staged.discard();
      }
      await this.#folders.sync(places.sidecar.parent);
    } catch (error) {
      throw unchanged(what, error);
    }
    await this.#commit(what, () => this.#move(data, places.data));
    await this.#settle(what, places.data);
    return { kind: 'written', etag };
  }

  async #stageSidecar(records: readonly SidecarRecord[]): Promise<StagedFile> {
    const staged = await StagedFile.create('meta', this.#writer, this.#disk);
    try {
      await staged.write(encodeSidecar(records));
      await staged.sync();
      return staged;
    } catch (error) {
      await staged.discard();
      throw error;
    }
  }

  async #move(staged: StagedFile, place: Place): Promise<void> {
    await moveIntoPlace(staged.path, place, this.#writer, this.#disk);
    staged.markMoved();
  }

  /** False when the file vanished meanwhile by somebody else's hand. */
  async #moveAway(data: Place, gone: string): Promise<boolean> {
    try {
      await this.#disk.rename(data.path, gone);
      return true;
    } catch (error) {
      if (!isMissing(error)) throw error;
      await this.#writer.judgeMissing();
      return false;
    }
  }

  /** The rename that makes a change happen. */
  async #commit<T>(what: string, rename: () => Promise<T>): Promise<T> {
    try {
      return await rename();
    } catch (error) {
      throw mayHaveHappened(error) ? uncertain(what, error) : unchanged(what, error);
    }
  }

  /** Makes a change that happened last. */
  async #settle(what: string, place: Place): Promise<void> {
    try {
      await this.#folders.sync(place.parent);
    } catch (error) {
      throw uncertain(what, error);
    }
  }

  /** Tidies up behind a delete. What stays behind does no harm: a record without its data file means nothing. */
  async #drop(sidecar: Place, gone: string): Promise<void> {
    const goneSidecar = this.#writer.stage('gone');
    try {
      await this.#disk.rename(sidecar.path, goneSidecar);
      await this.#disk.unlink(goneSidecar);
      await this.#disk.unlink(gone);
    } catch {
      await this.#disk.unlink(gone).catch(() => {});
    }
  }

  /** Never used before, for anything: an ETag names one version of one object. */
  #newEtag(): string {
    return `"${randomHex(this.#random, 16)}"`;
  }
}

function meets(condition: WriteCondition, current: Current | undefined): boolean {
  return condition.kind === 'absent' ? current === undefined : current?.object.etag === condition.etag;
}
