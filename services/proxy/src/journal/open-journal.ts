/**
 * Opens the journal: reads what its files say, makes durable what counts of it, and begins a segment of its own. After a
 * process died alone, its last batch may be readable and yet not durable; so the last segment is copied, up to where its
 * whole entries end, before anybody is told what stands in it.
 */
import type { Files } from '@sion/components';
import { SionError } from '@sion/wire';
import { corruptRemedy } from './journal-file.ts';
import type { JournalLog, JournalRecord } from './journal-log.ts';
import { checkJournalSettings } from './journal-settings.ts';
import { type Replayed, replayJournal } from './replay.ts';
import { copyName } from './segment-head.ts';
import { type JournalParts, SegmentedJournal } from './segmented-journal.ts';

const pieceBytes = 256 * 1024;

export interface OpenedJournal {
  readonly journal: JournalLog;
  /** What is not retired, the latest of each name only, in the order of sequences. */
  readonly records: readonly JournalRecord[];
}

/**
 * Opens or makes the journal in `files`. Rejects with `corrupt`, the file and what to do rather than believe that a journal
 * it cannot read is empty; with what the disk says; with `invalid` for settings that do not fit together, with `closed` when
 * another process has the journal open.
 */
export async function openJournal(files: Files, parts: Omit<JournalParts, 'files'>): Promise<OpenedJournal> {
  checkJournalSettings(parts.settings);
  const replayed = await replayJournal(files, parts.clock.monotonicMs());
  await settleTail(files, replayed);
  const journal = new SegmentedJournal({ files, ...parts }, replayed);
  // Those that records of the past named are among what is left over.
  replayed.live.idleBlobs.clear();
  await journal.begin(replayed.leftovers);
  const records = replayed.live.current().map(({ record }) => record);
  const { bytes, diskBytes } = journal.depth;
  parts.log.info('journal-opened', { records: records.length, bytes, diskBytes });
  return { journal, records };
}

/** Copies what counts of the last segment over it. */
async function settleTail(files: Files, { segments, leftovers }: Replayed): Promise<void> {
  const segment = segments.at(-1);
  if (segment === undefined) return;
  const copy = copyName(segment.name);
  if (leftovers.includes(copy)) await files.remove(copy);
  const from = await files.open(segment.name);
  if (from === undefined)
    throw new SionError('corrupt', `The journal’s file ${segment.name} is missing. ${corruptRemedy}`);
  try {
    const to = await files.create(copy);
    try {
      for (let at = 0; at < segment.sizeBytes; at += pieceBytes) {
        await to.append([await from.read(at, Math.min(segment.sizeBytes, at + pieceBytes))]);
      }
      await to.sync();
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
  await files.rename(copy, segment.name);
}
