/** The journal's limits, and how they must stand to each other. */
import { SionError } from '@sion/wire';

export interface JournalSettings {
  /** Records that are not retired, with their bodies, take at most this; the disk twice this and two segments. */
  readonly journalBytes: number;
  /** Records that are not retired, at most: each takes about a kibibyte of the proxy's memory, whatever its bytes. */
  readonly journalMaxRecords: number;
  /** While the oldest record is older, nothing more is taken. */
  readonly journalMaxAgeMs: number;
  /** A segment takes no more records when it would grow beyond this. */
  readonly segmentBytes: number;
  /** Longer bodies must come as blobs. */
  readonly inlineMaxBytes: number;
}

const minSegmentBytes = 4096;
const maxSegmentBytes = 1024 * 1024 * 1024;

/** Throws `invalid` with every relation that is broken. */
export function checkJournalSettings(settings: JournalSettings): void {
  const { journalBytes, journalMaxRecords, journalMaxAgeMs, segmentBytes, inlineMaxBytes } = settings;
  const problems: string[] = [];
  for (const [name, value] of Object.entries(settings)) {
    if (!Number.isSafeInteger(value) || value < 1)
      problems.push(`${name} is ${value}, but must be a whole number from 1`);
  }
  if (segmentBytes < minSegmentBytes || segmentBytes > maxSegmentBytes) {
    problems.push(`segmentBytes is ${segmentBytes}, but must be ${minSegmentBytes} to ${maxSegmentBytes}`);
  }
  if (segmentBytes * 8 > journalBytes) {
    problems.push(`segmentBytes is ${segmentBytes}, but must be at most an eighth of journalBytes (${journalBytes})`);
  }
  if (inlineMaxBytes * 4 > segmentBytes) {
    problems.push(
      `inlineMaxBytes is ${inlineMaxBytes}, but must be at most a quarter of segmentBytes (${segmentBytes})`,
    );
  }
  if (problems.length === 0) return;
  const bounds = `journalBytes ${journalBytes}, journalMaxRecords ${journalMaxRecords}, journalMaxAgeMs ${journalMaxAgeMs}`;
  throw new SionError('invalid', `The journal’s settings (${bounds}) do not fit together: ${problems.join('; ')}.`);
}
