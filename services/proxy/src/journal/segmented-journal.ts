/**
 * The journal over segments and blobs. What is asked waits in a queue; one loop takes what waits and writes it as a batch,
 * with one sync. Memory changes when a batch is durable, in the order of the log, and not at all when it has failed.
 */
import type { ByteRange, Clock, Files, Log, StoreBody, Timer } from '@sion/components';
import { asSionError, SionError } from '@sion/wire';
import { Blobs } from './blobs.ts';
import { copyForward } from './compaction.ts';
import { JournalFile } from './journal-file.ts';
import type { BlobWriter, JournalDepth, JournalLog, JournalRecord, NewRecord } from './journal-log.ts';
import type { JournalSettings } from './journal-settings.ts';
import type { HeldRecord, LiveRecords, RecordFile } from './live-records.ts';
import { prepareRecord } from './prepared-record.ts';
import { RecordBody } from './record-body.ts';
import { encodeEntryText } from './record-codec.ts';
import type { Replayed } from './replay.ts';
import { encodedBytes, type NewEntry, SegmentWriter, type WrittenEntry } from './segment-writer.ts';

/** What is noted lazily is noted after this, when nothing else is written. */
const flushMs = 500;

/** Records that one mark retires at most. */
const maxRetired = 1000;

/** An entry on its way, and what becomes of it. */
export interface QueuedEntry extends NewEntry {
  /** What it is about; absent where nobody waits. */
  readonly name?: string;
  done(written: WrittenEntry, segment: RecordFile): void;
  failed(error: SionError): void;
}

export interface JournalParts {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: JournalSettings;
}

export class SegmentedJournal implements JournalLog {
  readonly #parts: JournalParts;
  readonly #live: LiveRecords;
  readonly #segments: RecordFile[];
  readonly #blobs: Blobs;
  readonly #writer: SegmentWriter;
  readonly #queue: QueuedEntry[] = [];
  /** Of the queue and of the batch that is being written. */
  #queuedBytes = 0;
  /** Of the batch that is being written. */
  readonly #writing = new Set<string>();
  /** Of records that failed and may turn up. */
  readonly #doubtful = new Set<string>();
  readonly #retiring = new Set<HeldRecord>();
  /** Its oldest segment cannot be copied forward. */
  #stuckSegment: RecordFile | undefined;
  #running: Promise<void> | undefined;
  #tidying: Promise<void> | undefined;
  #flushTimer: Timer | undefined;
  #isClosed = false;

  constructor(parts: JournalParts, replayed: Replayed) {
    this.#parts = parts;
    this.#live = replayed.live;
    this.#segments = [...replayed.segments];
    const onIdle = (file: RecordFile) => {
      this.#live.idleBlobs.add(file);
      this.#scheduleFlush();
    };
    const { files, clock, log, settings } = parts;
    this.#blobs = new Blobs({ files, onIdle, assertRoom: (bytes) => this.#assertRoom(bytes) }, replayed.lastBlob + 1);
    this.#blobs.diskBytes = replayed.blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const onSegment = (number: number, sizeBytes: number) => {
      this.#segments.push(new JournalFile<HeldRecord>('segment', number, files, sizeBytes));
    };
    this.#writer = new SegmentWriter({ files, clock, log, onSegment, segmentBytes: settings.segmentBytes }, replayed);
  }

  /**
   * Begins the first segment of this opening: makes durable that what a crash tore does not count. Only then files may go
   * that say nothing.
   */
  async begin(leftovers: readonly string[]): Promise<void> {
    await this.#writer.begin();
    for (const name of leftovers) this.#writer.strays.add(name);
    await this.#tidy();
    this.#scheduleFlush();
  }

  async append(record: NewRecord): Promise<JournalRecord> {
    this.#assertOpen();
    const { clock, settings } = this.#parts;
    const made = {
      blobs: this.#blobs,
      live: this.#live,
      madeMs: clock.monotonicMs(),
      inlineMaxBytes: settings.inlineMaxBytes,
    };
    const prepared = prepareRecord(record, made);
    try {
      this.#assertRoom(encodedBytes(prepared));
    } catch (error) {
      prepared.giveBack(false);
      throw error;
    }
    return await new Promise((resolve, reject) => {
      this.#enqueue({
        ...{ text: prepared.text, name: record.name },
        ...(prepared.body === undefined ? {} : { body: prepared.body }),
        done: (written, segment) => {
          const held = prepared.hold(written, segment);
          this.#live.add(held);
          prepared.settle();
          resolve(held.record);
        },
        failed: (error) => {
          prepared.giveBack(error.code === 'indeterminate');
          reject(error);
        },
      });
    });
  }

  async beginBlob(sizeBytes?: number): Promise<BlobWriter> {
    this.#assertOpen();
    return await this.#blobs.begin(sizeBytes);
  }

  read(record: JournalRecord, range?: ByteRange): StoreBody {
    this.#assertOpen();
    const held = this.#live.find(record.sequence);
    if (held?.body === undefined) {
      throw new SionError(
        'closed',
        `The journal’s record ${record.sequence} is retired, or is no put. Look it up anew.`,
      );
    }
    const { file, offset, sizeBytes, crc32 } = held.body;
    const start = Math.min(range?.start ?? 0, sizeBytes);
    const end = Math.min(range?.end ?? sizeBytes, sizeBytes);
    const isWhole = start === 0 && end === sizeBytes;
    return new RecordBody(file, { start: offset + start, end: offset + end, ...(isWhole ? { crc32 } : {}) });
  }

  retire(record: JournalRecord): void {
    const held = this.#live.find(record.sequence);
    if (held === undefined || !this.#live.retire(held)) return;
    if (this.#live.currentOf(record.name) === held) this.#retiring.add(held);
    this.#scheduleFlush();
  }

  async forget(name: string): Promise<void> {
    this.#assertOpen();
    if (!this.hasTrace(name)) return;
    await new Promise<void>((resolve, reject) => {
      this.#enqueue({
        ...{ name, text: encodeEntryText({ kind: 'forget', name }) },
        done: () => {
          this.#live.drop(this.#live.currentOf(name));
          resolve();
        },
        failed: reject,
      });
    });
  }

  hasTrace(name: string): boolean {
    if (this.#live.currentOf(name) !== undefined || this.#doubtful.has(name) || this.#writing.has(name)) return true;
    return this.#queue.some((queued) => queued.name === name);
  }

  get depth(): JournalDepth {
    const { size, oldestMs, bytes } = this.#live;
    const segmentBytes = this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
    const diskBytes = segmentBytes + this.#blobs.diskBytes;
    return { records: size, bytes: bytes + this.#blobs.unnamedBytes, diskBytes, oldestMs };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#flushTimer?.cancel();
    while (this.#running !== undefined) await this.#running;
    await this.#commit([]);
    await this.#tidying;
    await this.#writer.close();
    for (const file of this.#live.bodyFiles()) file.close();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new SionError('closed', 'The journal is closed.');
  }

  #assertRoom(bytes: number): void {
    const { journalBytes, journalMaxRecords, journalMaxAgeMs } = this.#parts.settings;
    const { bytes: usedBytes, records, diskBytes, oldestMs } = this.depth;
    if (records + this.#queue.length >= journalMaxRecords) {
      const message = `The journal holds ${records} of at most ${journalMaxRecords} records.`;
      throw new SionError('capacity', `${message} Wait until the store has taken more, or raise the limit.`);
    }
    const neededBytes = usedBytes + this.#queuedBytes + bytes;
    if (neededBytes > journalBytes) {
      const message = `The journal holds ${usedBytes} of at most ${journalBytes} bytes, and ${bytes} more do not fit.`;
      throw new SionError('capacity', `${message} Wait until the store has taken more, or raise the limit.`);
    }
    const ageMs = this.#parts.clock.monotonicMs() - (oldestMs ?? Number.POSITIVE_INFINITY);
    if (ageMs > journalMaxAgeMs) {
      const message = `The journal’s oldest record has waited ${Math.round(ageMs)} ms for the store, at most ${journalMaxAgeMs} are allowed.`;
      throw new SionError('capacity', `${message} See why the store does not take it.`);
    }
    if (diskBytes + this.#queuedBytes + bytes > 2 * journalBytes) {
      this.#scheduleFlush();
      const message = `The journal’s files take ${diskBytes} bytes, at most ${2 * journalBytes} are allowed.`;
      throw new SionError('capacity', `${message} Try again when those of finished records are gone.`);
    }
  }

  #enqueue(entry: QueuedEntry): void {
    this.#queue.push(entry);
    this.#queuedBytes += encodedBytes(entry);
    this.#wake();
  }

  #wake(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#queue.length > 0) this.#wake();
    });
  }

  async #run(): Promise<void> {
    do {
      await this.#commit(await this.#copies());
    } while (this.#queue.length > 0);
    this.#scheduleFlush();
  }

  /** Writes the copies, what is noted lazily, and as much of the queue as one batch takes. Never rejects. */
  async #commit(copies: readonly QueuedEntry[]): Promise<void> {
    const queued = this.#takeQueued();
    const batch = [...copies, ...this.#marks(), ...queued];
    if (batch.length > 0) {
      for (const { name } of batch) if (name !== undefined) this.#writing.add(name);
      try {
        const written = await this.#writer.write(batch);
        this.#settle(batch, written);
      } catch (thrown) {
        this.#fail(batch, asSionError(thrown));
      }
      this.#queuedBytes -= queued.reduce((sum, entry) => sum + encodedBytes(entry), 0);
      this.#writing.clear();
      if (!this.#writer.isBroken) this.#doubtful.clear();
    }
    this.#tidying ??= this.#tidy().finally(() => {
      this.#tidying = undefined;
    });
  }

  #settle(batch: readonly QueuedEntry[], written: readonly WrittenEntry[]): void {
    const segment = this.#segments.at(-1);
    if (segment === undefined || segment.number !== this.#writer.tail.number) throw new Error('no segment was begun');
    segment.sizeBytes = this.#writer.tail.end;
    for (const [at, entry] of batch.entries()) {
      const place = written[at];
      if (place !== undefined) entry.done(place, segment);
    }
  }

  #fail(batch: readonly QueuedEntry[], error: SionError): void {
    for (const entry of batch) {
      if (error.code === 'indeterminate' && entry.name !== undefined) this.#doubtful.add(entry.name);
      entry.failed(error);
    }
  }

  #takeQueued(): readonly QueuedEntry[] {
    const maxBytes = this.#parts.settings.segmentBytes / 4;
    let bytes = 0;
    let count = 0;
    for (const entry of this.#queue) {
      bytes += encodedBytes(entry);
      if (count > 0 && bytes > maxBytes) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  /** What is noted lazily. */
  #marks(): readonly QueuedEntry[] {
    const marks: QueuedEntry[] = [];
    const retired = [...this.#retiring].filter((held) => this.#live.currentOf(held.record.name) === held);
    this.#retiring.clear();
    for (let at = 0; at < retired.length; at += maxRetired) {
      const some = retired.slice(at, at + maxRetired);
      marks.push({
        text: encodeEntryText({ kind: 'retire', records: some.map(({ record }) => record.sequence) }),
        done: () => {
          for (const held of some) this.#live.drop(held);
        },
        failed: () => {
          for (const held of some) this.#retiring.add(held);
        },
      });
    }
    const oldest = this.#firstNeeded();
    if (oldest > this.#writer.oldest) {
      const done = () => {
        this.#writer.oldest = oldest;
      };
      marks.push({ text: encodeEntryText({ kind: 'release', oldest }), done, failed: () => {} });
    }
    return marks;
  }

  #firstNeeded(): number {
    const needed = this.#segments.find((segment) => segment.isNeeded) ?? this.#segments.at(-1);
    return needed?.number ?? 0;
  }

  /** Of records that keep the oldest segment, when the files have grown far beyond what is live. */
  async #copies(): Promise<readonly QueuedEntry[]> {
    const { journalBytes, segmentBytes } = this.#parts.settings;
    const [oldest] = this.#segments;
    if (oldest === undefined || oldest === this.#stuckSegment || this.#segments.length < 3 || oldest.pins > 0)
      return [];
    if (this.depth.diskBytes <= 1.25 * journalBytes) return [];
    const copies = await copyForward(oldest, segmentBytes / 2);
    if (copies === undefined) {
      this.#stuckSegment = oldest;
      this.#parts.log.error('journal-segment-unreadable', { file: oldest.name });
      return [];
    }
    return copies.map(({ held, ...entry }) => ({
      ...entry,
      done: (written, segment) => this.#live.move(held, segment, written.bodyOffset),
      failed: () => {},
    }));
  }

  /** Removes the files that no opening would need; those that cannot be removed now stay until the next time. */
  async #tidy(): Promise<void> {
    const { idleBlobs } = this.#live;
    const hasSegments = (this.#segments[0]?.number ?? 0) < this.#writer.oldest;
    if (this.#writer.strays.size === 0 && idleBlobs.size === 0 && !hasSegments) return;
    try {
      await this.#writer.assertAlone();
      for (const name of [...this.#writer.strays]) {
        await this.#parts.files.remove(name);
        this.#writer.strays.delete(name);
      }
      for (const blob of [...idleBlobs]) {
        if (this.#writer.isBroken) return;
        if (!blob.isNeeded && !blob.isRemoved) await this.#blobs.remove(blob);
        idleBlobs.delete(blob);
      }
      for (let [oldest] = this.#segments; oldest !== undefined; [oldest] = this.#segments) {
        if (oldest.number >= this.#writer.oldest) return;
        await oldest.remove();
        this.#segments.shift();
      }
    } catch (thrown) {
      this.#parts.log.warn('journal-file-not-removed', { reason: asSionError(thrown).message });
    }
  }

  #scheduleFlush(): void {
    if (this.#isClosed || this.#flushTimer !== undefined || !this.#hasNotes()) return;
    this.#flushTimer = this.#parts.clock.after(flushMs, () => {
      this.#flushTimer = undefined;
      this.#wake();
    });
  }

  #hasNotes(): boolean {
    const oldest = this.#segments[0]?.number ?? 0;
    const hasIdle = this.#live.idleBlobs.size > 0 || this.#writer.strays.size > 0;
    return this.#retiring.size > 0 || hasIdle || this.#firstNeeded() > oldest;
  }
}
