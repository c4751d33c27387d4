/**
 * Writes entries into segments: a batch is one append and one sync, and numbered on. A file that has failed once is never
 * written or synced again, for a sync that succeeds after a failed one proves nothing: a new segment is begun, whose head
 * says where the one before ends, so that whatever of the failed batch reached the disk is void.
 */

import { crc32 } from 'node:zlib';
import type { Clock, Files, Log, WritableFile } from '@sion/components';
import { asSionError, SionError } from '@sion/wire';
import { encodeEntry, entryHeadBytes } from './record-codec.ts';
import { encodeSegmentHead, journalFileName, parseJournalFileName, segmentHeadBytes } from './segment-head.ts';

export interface NewEntry {
  /** Encoded. */
  readonly text: Buffer;
  /** Of a record whose body stands inline. */
  readonly body?: Uint8Array;
}

export interface WrittenEntry {
  readonly sequence: number;
  /** In the segment. */
  readonly bodyOffset: number;
  /** Without the body. */
  readonly ownBytes: number;
}

export interface SegmentTail {
  /** 0: there is none. */
  readonly number: number;
  /** All that counts of it. */
  readonly end: number;
}

export interface SegmentWriterParts {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  readonly segmentBytes: number;
  /** A segment was begun; what is written from now on lies there. */
  readonly onSegment: (number: number, sizeBytes: number) => void;
}

interface ActiveSegment {
  readonly number: number;
  readonly file: WritableFile;
  readonly salt: number;
}

export class SegmentWriter {
  readonly #parts: SegmentWriterParts;
  /** Files that say nothing, and could not be removed. */
  readonly strays = new Set<string>();
  #active: ActiveSegment | undefined;
  #tail: SegmentTail;
  #lastNumber: number;
  #nextSequence: number;
  /** The first segment that is still needed; goes into the next head. */
  oldest: number;

  /** `lastNumber`: no segment has a higher one. */
  constructor(
    parts: SegmentWriterParts,
    from: { tail: SegmentTail; lastNumber: number; nextSequence: number; oldest: number },
  ) {
    this.#parts = parts;
    this.#tail = from.tail;
    this.#lastNumber = from.lastNumber;
    this.#nextSequence = from.nextSequence;
    this.oldest = from.oldest;
  }

  /**
   * Durable when it resolves. Rejects with `unavailable` or `capacity` when nothing of the batch can turn up any more, with
   * `indeterminate` when something may. One call at a time.
   */
  async write(entries: readonly NewEntry[]): Promise<readonly WrittenEntry[]> {
    const batchBytes = entries.reduce((sum, entry) => sum + encodedBytes(entry), 0);
    const isFull = this.#tail.end > segmentHeadBytes && this.#tail.end + batchBytes > this.#parts.segmentBytes;
    const active = this.#active === undefined || isFull ? await this.begin() : this.#active;
    const syncedEnd = this.#tail.end;
    const written: WrittenEntry[] = [];
    const parts: Uint8Array[] = [];
    let at = syncedEnd;
    for (const { text, body } of entries) {
      const sequence = this.#nextSequence + written.length;
      parts.push(...encodeEntry(text, body, { sequence, syncedEnd, salt: active.salt }));
      const ownBytes = entryHeadBytes + text.byteLength;
      written.push({ sequence, bodyOffset: at + ownBytes, ownBytes });
      at += ownBytes + (body?.byteLength ?? 0);
    }
    try {
      await active.file.append(parts);
      await active.file.sync();
    } catch (thrown) {
      throw await this.#void(asSionError(thrown), entries.length);
    }
    this.#tail = { number: active.number, end: at };
    this.#nextSequence += written.length;
    return written;
  }

  /** Begins another segment; its head is durable when this resolves. Else no segment is written until one is begun. */
  async begin(): Promise<ActiveSegment> {
    const { files, clock, onSegment } = this.#parts;
    await this.close();
    this.#lastNumber++;
    const number = this.#lastNumber;
    const name = journalFileName('segment', number);
    const salt = crc32(`${number} ${clock.wallMs()} ${clock.monotonicMs()} ${this.#nextSequence}`);
    const head = encodeSegmentHead({
      ...{ number, salt, oldest: this.oldest, firstSequence: this.#nextSequence },
      ...{ previous: this.#tail.number, previousEnd: this.#tail.end },
    });
    const file = await this.#create(name);
    try {
      await file.append([head]);
      await file.sync();
    } catch (error) {
      await file.close().catch(() => {});
      // Without a record it says nothing that the next segment does not say too.
      await files.remove(name).catch(() => this.strays.add(name));
      throw error;
    }
    this.#active = { number, file, salt };
    this.#tail = { number, end: head.byteLength };
    onSegment(number, head.byteLength);
    return this.#active;
  }

  async #create(name: string): Promise<WritableFile> {
    try {
      return await this.#parts.files.create(name);
    } catch (thrown) {
      const error = asSionError(thrown);
      if (error.code !== 'invalid') throw error;
      if ((await this.#parts.files.list()).includes(name)) throw anotherWriter(name);
      const message = `The journal cannot begin ${name}: something that is no file, a folder perhaps, has that name.`;
      throw new SionError('unavailable', `${message} Move it away.`, { cause: error });
    }
  }

  /** Rejects with `closed` when a later process has begun a segment: the files are its own now, and not to be removed. */
  async assertAlone(): Promise<void> {
    for (const name of await this.#parts.files.list()) {
      const parsed = parseJournalFileName(name);
      if (parsed.kind === 'segment' && parsed.number > this.#lastNumber) throw anotherWriter(name);
    }
  }

  get tail(): SegmentTail {
    return this.#tail;
  }

  /** True while what failed may still turn up, for no segment could be begun behind it. */
  get isBroken(): boolean {
    return this.#active === undefined;
  }

  async close(): Promise<void> {
    const { file } = this.#active ?? {};
    this.#active = undefined;
    await file?.close().catch(() => {});
  }

  async #void(error: SionError, entries: number): Promise<SionError> {
    const { log } = this.#parts;
    const { number } = this.#tail;
    log.warn('journal-write-failed', { segment: number, entries, reason: error.message });
    try {
      await this.begin();
      return new SionError(error.code, `The journal could not be written. ${error.message}`, { cause: error });
    } catch (thrown) {
      const reason = asSionError(thrown).message;
      log.error('journal-segment-failed', { after: number, reason });
      const message = `Whether the journal has the write is unknown: ${error.message} Nor could a new segment be begun: ${reason}`;
      return new SionError('indeterminate', message, { cause: thrown });
    }
  }
}

/** What an entry takes in its segment. */
export function encodedBytes({ text, body }: NewEntry): number {
  return entryHeadBytes + text.byteLength + (body?.byteLength ?? 0);
}

function anotherWriter(name: string): SionError {
  return new SionError('closed', `Another process writes the journal: it has begun ${name}. Let only one run there.`);
}
