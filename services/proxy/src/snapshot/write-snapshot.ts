/**
 * Writes the snapshot, a slice at a time, while the proxy goes on serving.
 *
 * What changes meanwhile may be in it or not, entry by entry, and that is harmless. An entry says which chunks of one
 * layout lie where; layouts get their ids once, and the bytes of a chunk never change. A chunk that has moved, was evicted
 * or was lost since is missing when its node's next session opens, and counts as lost; one that has come since is on no
 * list, and is evicted. Whether the entry's version is still the current one is asked of the store before its first use.
 * Only the snapshot of an orderly stop is spared that, and then nothing changes any more. Likewise only that one keeps
 * objects that are in memory alone: there is nothing that an older state of them could be held against.
 */
import { delay } from '@sion/components';
import type { Entry } from '../objects/knowledge.ts';
import { packEntry } from './snapshot-entry.ts';
import { encodeEnd, encodeEntry, encodeHeader } from './snapshot-format.ts';
import { cleanFile, type SnapshotParts, snapshotFile, unfinishedFile } from './snapshot-parts.ts';

/** Entries that one slice looks at, at most: most of them may have nothing to be kept. */
const entriesAtOnce = 1000;

/** Writes what is believed now. With `clean`, nothing may change from now on. One at a time. */
export async function writeSnapshot(parts: SnapshotParts, clean: boolean): Promise<void> {
  const { clock, files, engine, fleet, placement, epoch, sliceBytes } = parts;
  const name = unfinishedFile(epoch);
  await files.remove(name);
  const file = await files.create(name);
  try {
    await file.append([encodeHeader({ epoch, nodes: fleet.size, placement: placement.snapshot(clock.monotonicMs()) })]);
    const { entries, volatiles } = await appendEntries(engine.knowledge.entries(), engine.knowledge.size, {
      clean,
      sliceBytes,
      nowMs: () => clock.monotonicMs(),
      async append(frames) {
        if (frames.length > 0) await file.append([Buffer.concat(frames)]);
        await delay(clock, 0);
      },
    });
    await file.append([encodeEnd({ entries, volatiles, framesBytes: file.sizeBytes })]);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(name, snapshotFile);
  if (clean) await files.replace(cleanFile, Buffer.from(JSON.stringify({ v: 1, epoch })));
}

interface Slices {
  readonly clean: boolean;
  readonly sliceBytes: number;
  nowMs(): number;
  append(frames: readonly Uint8Array[]): Promise<void>;
}

/** At most `limit` entries are looked at: keys that come and go while it is written could keep this going for ever. */
async function appendEntries(
  from: Iterable<Entry>,
  limit: number,
  { clean, sliceBytes, nowMs, append }: Slices,
): Promise<{ readonly entries: number; readonly volatiles: number }> {
  let [looked, entries, volatiles, filledBytes] = [0, 0, 0, 0];
  let frames: Uint8Array[] = [];
  for (const entry of from) {
    if (looked === limit) break;
    looked++;
    const { placed } = entry;
    const packed = placed === undefined ? undefined : packEntry(entry, placed, nowMs());
    const isVolatile = packed?.object.volatile === true;
    if (packed !== undefined && (clean || !isVolatile)) {
      const frame = encodeEntry(packed);
      frames.push(frame);
      filledBytes += frame.length;
      entries++;
      if (isVolatile) volatiles++;
    }
    if (filledBytes < sliceBytes && looked % entriesAtOnce !== 0) continue;
    await append(frames);
    [frames, filledBytes] = [[], 0];
  }
  await append(frames);
  return { entries, volatiles };
}
