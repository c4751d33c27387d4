/**
 * Loads the last snapshot, a slice at a time, while the proxy serves already: until that is over, reads go to the store and
 * nothing is placed (`ObjectMemory` is closed: a session would evict the chunks that are on no list yet), and what was
 * learned of a key beside it holds (`LearnedKeys`).
 *
 * Whatever cannot be loaded is simply not known: its chunks are evicted when their nodes' next sessions open.
 */
import { delay, type ReadableFile } from '@sion/components';
import { asSionError } from '@sion/wire';
import { heldChunks, unpackEntry } from './snapshot-entry.ts';
import {
  cutFrames,
  damaged,
  decodeEnd,
  decodeEntry,
  decodeHeader,
  endBytes,
  type SnapshotEnd,
  type SnapshotEntry,
} from './snapshot-format.ts';
import { cleanFile, epochOfUnfinished, type SnapshotParts, snapshotFile } from './snapshot-parts.ts';

export interface SnapshotProgress {
  readonly isLoading: boolean;
  /** Entries that have been looked at. */
  readonly loaded: number;
  /** Entries that the snapshot has; 0 without one. */
  readonly total: number;
}

export interface SnapshotLoader {
  /** Resolves when it is over, however it ended. */
  readonly loaded: Promise<void>;
  /** True when objects that are in memory alone may still turn up: that a key is nowhere else proves nothing yet. */
  readonly mayHoldVolatile: boolean;
  readonly progress: SnapshotProgress;
}

/** A snapshot that fits, opened. */
interface FoundSnapshot {
  readonly file: ReadableFile;
  readonly end: SnapshotEnd;
  /** Where the entries begin. */
  readonly entriesAt: number;
  /** Nobody owned the store since it was written, and nothing has changed since. */
  readonly believed: boolean;
}

/**
 * Removes the clean mark and begins to load the snapshot, if there is one that fits. Resolves when requests may be served.
 * Call once, before the first of them.
 */
export async function loadSnapshot(parts: SnapshotParts): Promise<SnapshotLoader> {
  const { files, engine, log, epoch } = parts;
  const cleanEpoch = readEpoch(await files.read(cleanFile));
  await files.remove(cleanFile);
  let found: FoundSnapshot | undefined;
  try {
    found = await findSnapshot(parts, cleanEpoch);
    for (const name of await files.list()) if ((epochOfUnfinished(name) ?? epoch) < epoch) await files.remove(name);
  } catch (thrown) {
    log.warn('snapshot-unreadable', { reason: asSionError(thrown).message });
  }
  if (found === undefined) return nothingToLoad;
  engine.knowledge.beginRestoring();
  engine.memory.close();
  return new Loading(parts, found);
}

const nothingToLoad: SnapshotLoader = {
  loaded: Promise.resolve(),
  mayHoldVolatile: false,
  progress: { isLoading: false, loaded: 0, total: 0 },
};

async function findSnapshot(parts: SnapshotParts, cleanEpoch: number | undefined): Promise<FoundSnapshot | undefined> {
  const { files, fleet, placement, epoch, log } = parts;
  const file = await files.open(snapshotFile);
  if (file === undefined) return undefined;
  let found: FoundSnapshot | undefined;
  try {
    const end = decodeEnd(await file.read(Math.max(0, file.sizeBytes - endBytes), file.sizeBytes), file.sizeBytes);
    const first = await readSlice(file, 0, end?.framesBytes ?? 0, 1);
    const header = first.payloads[0] === undefined ? undefined : decodeHeader(first.payloads[0]);
    if (end !== undefined && header !== undefined && header.nodes === fleet.size) {
      const believed = cleanEpoch === header.epoch && cleanEpoch + 1 === epoch;
      placement.restore(header.placement, parts.clock.monotonicMs());
      found = { file, end, entriesAt: first.usedBytes, believed };
    }
  } finally {
    if (found === undefined) await file.close();
  }
  if (found === undefined) log.info('snapshot-left-aside', { sizeBytes: file.sizeBytes });
  return found;
}

class Loading implements SnapshotLoader {
  readonly loaded: Promise<void>;
  readonly #parts: SnapshotParts;
  readonly #found: FoundSnapshot;
  #looked = 0;
  #restored = 0;
  #isLoading = true;

  constructor(parts: SnapshotParts, found: FoundSnapshot) {
    this.#parts = parts;
    this.#found = found;
    this.loaded = this.#load();
  }

  get mayHoldVolatile(): boolean {
    return this.#isLoading && this.#found.believed && this.#found.end.volatiles > 0;
  }

  get progress(): SnapshotProgress {
    return { isLoading: this.#isLoading, loaded: this.#looked, total: this.#found.end.entries };
  }

  async #load(): Promise<void> {
    const { engine, log } = this.#parts;
    const { file, end, believed } = this.#found;
    try {
      await this.#restoreAll();
    } catch (thrown) {
      log.warn('snapshot-not-whole', { reason: asSionError(thrown).message });
    }
    engine.knowledge.endRestoring();
    engine.memory.open();
    this.#isLoading = false;
    log.info('snapshot-loaded', { believed, entries: end.entries, restored: this.#restored });
    await file.close().catch((thrown: unknown) => {
      log.warn('snapshot-not-closed', { reason: asSionError(thrown).message });
    });
  }

  async #restoreAll(): Promise<void> {
    const { clock, engine, sliceBytes } = this.#parts;
    const { file, end, entriesAt } = this.#found;
    let at = entriesAt;
    while (at < end.framesBytes && engine.knowledge.canRestore) {
      await delay(clock, 0);
      const { payloads, usedBytes } = await readSlice(file, at, end.framesBytes, sliceBytes);
      for (const payload of payloads) this.#restore(decodeEntry(payload));
      at += usedBytes;
    }
  }

  #restore(packed: SnapshotEntry): void {
    const { engine, fleet, placement, clock } = this.#parts;
    const { believed } = this.#found;
    this.#looked++;
    if (packed.object.volatile && !believed) return;
    if (packed.fragments.some((fragment) => fragment?.nodes.some((node) => node >= fleet.size))) {
      throw damaged(`an entry has chunks on nodes that this fleet of ${fleet.size} does not have`);
    }
    const entry = unpackEntry(packed, believed, clock.monotonicMs());
    const { key, object, placed } = entry;
    if (!engine.knowledge.restore(entry)) return;
    this.#restored++;
    engine.memory.track(placed.id, placed.fragments, placed);
    for (const { node, chunk } of heldChunks(placed)) {
      fleet.restore(node, [chunk]);
      placement.adopt(node);
    }
    if (object.metadata.expiresAtMs !== undefined) engine.noteExpiry(key, object.metadata.expiresAtMs);
  }
}

/** The frames that are whole in `wantedBytes` from `at`, one at least. Throws `corrupt`. */
async function readSlice(
  file: ReadableFile,
  at: number,
  framesEndAt: number,
  wantedBytes: number,
): Promise<ReturnType<typeof cutFrames>> {
  let lengthBytes = wantedBytes;
  for (;;) {
    const slice = cutFrames(await file.read(at, Math.min(at + lengthBytes, framesEndAt)));
    if (slice.payloads.length > 0 || at >= framesEndAt) return slice;
    if (at + slice.nextBytes > framesEndAt) throw damaged('its last frame is cut');
    if (slice.nextBytes <= lengthBytes) throw damaged('it is shorter than it was');
    lengthBytes = slice.nextBytes;
  }
}

function readEpoch(bytes: Uint8Array | undefined): number | undefined {
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (typeof value !== 'object' || value === null || !('epoch' in value)) return undefined;
    return typeof value.epoch === 'number' ? value.epoch : undefined;
  } catch {
    return undefined;
  }
}
