/**
 * Reads a segment's entries in order, in bounded memory: a window of the file, or one entry where that is longer. It says
 * where they end and why; what that means is for the replay to say.
 */
import type { ReadableFile } from '@sion/components';
import { type DecodedEntry, decodeEntry, entryHeadBytes, findEntryMark, type JournalEntry } from './record-codec.ts';
import { type SegmentHead, segmentHeadBytes } from './segment-head.ts';

const windowBytes = 256 * 1024;

/** Where in its segment an entry lies. */
export interface EntryPlace {
  readonly sequence: number;
  readonly bodyOffset: number;
  readonly bodyBytes: number;
  /** Without the body. */
  readonly ownBytes: number;
}

export interface SegmentEnd {
  /** Behind the last whole entry. */
  readonly end: number;
  readonly nextSequence: number;
  /** Why no entry follows: the segment ends there, or what follows is damaged, or whole and yet no entry of this log. */
  readonly because: 'end' | 'damaged' | 'foreign';
}

type Visit = (entry: JournalEntry, place: EntryPlace) => void;

/** Visits the whole entries from the head up to `limit`. Rejects with what the disk says. */
export async function scanSegment(
  file: ReadableFile,
  head: SegmentHead,
  limit: number,
  visit: Visit,
): Promise<SegmentEnd> {
  const window = new FileWindow(file);
  let at = segmentHeadBytes;
  let sequence = head.firstSequence;
  while (at < limit) {
    const decoded = await decodeAt(window, at, limit, head.salt);
    if (decoded.kind === 'foreign') return { end: at, nextSequence: sequence, because: 'foreign' };
    if (decoded.kind !== 'entry') return { end: at, nextSequence: sequence, because: 'damaged' };
    if (decoded.sequence !== sequence) return { end: at, nextSequence: sequence, because: 'foreign' };
    const ownBytes = decoded.sizeBytes - decoded.bodyBytes;
    visit(decoded.entry, { sequence, ownBytes, bodyOffset: at + ownBytes, bodyBytes: decoded.bodyBytes });
    at += decoded.sizeBytes;
    sequence++;
  }
  return { end: at, nextSequence: sequence, because: 'end' };
}

/**
 * True when behind the damage at `from` there is an entry that was written after all at `from` was durable: no crash leaves
 * that. Reads the rest of the segment.
 */
export async function isFollowedByLater(file: ReadableFile, head: SegmentHead, from: number): Promise<boolean> {
  const rest = await file.read(from, file.sizeBytes);
  for (let at = findEntryMark(rest, 1); at >= 0; at = findEntryMark(rest, at + 1)) {
    const decoded = decodeEntry(rest.subarray(at), rest.byteLength - at, head.salt);
    if (decoded.kind === 'entry' && decoded.syncedEnd > from) return true;
  }
  return false;
}

async function decodeAt(window: FileWindow, at: number, limit: number, salt: number): Promise<DecodedEntry> {
  let decoded = decodeEntry(await window.read(at, entryHeadBytes), limit - at, salt);
  while (decoded.kind === 'more') {
    const bytes = await window.read(at, decoded.bytes);
    if (bytes.byteLength < decoded.bytes) return { kind: 'damaged' };
    decoded = decodeEntry(bytes, limit - at, salt);
  }
  return decoded;
}

class FileWindow {
  readonly #file: ReadableFile;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array();

  constructor(file: ReadableFile) {
    this.#file = file;
  }

  /** From `at` on what is at hand, and at least `least` bytes where the file has them. */
  async read(at: number, least: number): Promise<Uint8Array> {
    const end = this.#start + this.#bytes.byteLength;
    if (at < this.#start || at + least > end) {
      this.#bytes = await this.#file.read(at, at + Math.max(least, windowBytes));
      this.#start = at;
    }
    return this.#bytes.subarray(at - this.#start);
  }
}
