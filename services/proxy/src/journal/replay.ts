/**
 * What the journal's files say when it is opened. The segment with the highest number is the last; each head names the one
 * before and where that ends, which gives the chain of those that count, and voids what a failed write left behind. Only in
 * the last one may whole entries end early: there a crash tore the last batch, which nobody was told is durable. Anything
 * else that does not fit is `corrupt`, and nothing is believed. It changes no file.
 */
import type { Files, ReadableFile } from '@sion/components';
import { SionError } from '@sion/wire';
import { corruptRemedy, JournalFile } from './journal-file.ts';
import type { JournalRecord } from './journal-log.ts';
import { type HeldBody, type HeldRecord, LiveRecords, type RecordFile } from './live-records.ts';
import type { JournalEntry, RecordEntry } from './record-codec.ts';
import {
  decodeSegmentHead,
  journalFileName,
  parseJournalFileName,
  type SegmentHead,
  segmentHeadBytes,
} from './segment-head.ts';
import { type EntryPlace, isFollowedByLater, scanSegment } from './segment-scan.ts';
import type { SegmentTail } from './segment-writer.ts';

export interface Replayed {
  readonly live: LiveRecords;
  /** In order; the last one's size is what counts of it. */
  readonly segments: readonly RecordFile[];
  /** Blobs that records name. */
  readonly blobs: readonly RecordFile[];
  /** What the next head says of the one before it. */
  readonly tail: SegmentTail;
  readonly nextSequence: number;
  /** The first segment that must be there. */
  readonly oldest: number;
  /** No file of the kind has a higher number. */
  readonly lastNumber: number;
  readonly lastBlob: number;
  /** Files of the journal that say nothing. */
  readonly leftovers: readonly string[];
}

/** `nowMs`: on the monotonic clock. Rejects with `corrupt`, or with what the disk says. */
export async function replayJournal(files: Files, nowMs: number): Promise<Replayed> {
  return await new Replay(files, nowMs).run();
}

class Replay {
  readonly #files: Files;
  readonly #nowMs: number;
  readonly #live = new LiveRecords();
  readonly #known = new Map<string, RecordFile>();
  readonly #names: string[] = [];
  #oldest = 1;
  #nextSequence = 1;
  #lastNumber = 0;
  #lastBlob = 0;

  constructor(files: Files, nowMs: number) {
    [this.#files, this.#nowMs] = [files, nowMs];
  }

  async run(): Promise<Replayed> {
    const numbers = await this.#list();
    const chain = await this.#findChain(numbers);
    const segments: RecordFile[] = [];
    for (const [at, head] of chain.entries()) {
      const next = chain[at + 1];
      if (at > 0 && head.firstSequence !== this.#nextSequence)
        throw corruptAt(journalFileName('segment', head.number), 0);
      segments.push(await this.#scan(head, next?.previousEnd));
    }
    this.#assertComplete(chain[0]);
    const blobs = await this.#checkBodies(new Set(segments));
    const last = segments.at(-1);
    const tail = { number: last?.number ?? 0, end: last?.sizeBytes ?? 0 };
    const counting = new Set([...segments, ...blobs].map(({ name }) => name));
    return {
      ...{ live: this.#live, segments, blobs, tail, oldest: this.#oldest, nextSequence: this.#nextSequence },
      ...{ lastNumber: this.#lastNumber, lastBlob: this.#lastBlob },
      leftovers: this.#names.filter((name) => !counting.has(name)),
    };
  }

  /** The numbers of the segments, highest first. */
  async #list(): Promise<readonly number[]> {
    const numbers: number[] = [];
    for (const name of await this.#files.list()) {
      const parsed = parseJournalFileName(name);
      if (parsed.kind === 'other') continue;
      this.#names.push(name);
      if (parsed.kind === 'blob') this.#lastBlob = Math.max(this.#lastBlob, parsed.number);
      if (parsed.kind === 'segment') numbers.push(parsed.number);
    }
    numbers.sort((a, b) => b - a);
    this.#lastNumber = numbers[0] ?? 0;
    return numbers;
  }

  /** The heads of the segments that count, the first one first. */
  async #findChain(numbers: readonly number[]): Promise<readonly SegmentHead[]> {
    const chain: SegmentHead[] = [];
    let wanted: number | undefined;
    for (const number of numbers) {
      if (wanted !== undefined && number !== wanted) continue;
      const head = await this.#readHead(number, wanted === undefined);
      if (head === undefined) continue;
      chain.push(head);
      wanted = head.previous;
      if (wanted < (chain[0]?.oldest ?? 0)) break;
    }
    return chain.reverse();
  }

  /** Undefined when the crash came before the head was durable, behind which nothing stands then. */
  async #readHead(number: number, mayBeTorn: boolean): Promise<SegmentHead | undefined> {
    const name = journalFileName('segment', number);
    return await this.#reading(name, async (file) => {
      const decoded = decodeSegmentHead(await file.read(0, segmentHeadBytes));
      if (decoded.kind === 'head' && decoded.head.number === number) return decoded.head;
      if (decoded.kind === 'foreign') {
        const message = `The journal’s file ${name} has format ${decoded.format}, which this version of SION cannot read.`;
        throw new SionError('corrupt', `${message} Start the version that wrote it.`);
      }
      if (mayBeTorn && file.sizeBytes <= segmentHeadBytes) return undefined;
      throw corruptAt(name, 0);
    });
  }

  /** `limit`: what counts of it; undefined for the last one, which ends where its whole entries do. */
  async #scan(head: SegmentHead, limit: number | undefined): Promise<RecordFile> {
    const segment = this.#fileOf('segment', head.number);
    this.#oldest = Math.max(this.#oldest, head.oldest);
    await this.#reading(segment.name, async (file) => {
      const visit = (entry: JournalEntry, place: EntryPlace) => this.#apply(entry, place, segment);
      const { end, nextSequence, because } = await scanSegment(file, head, limit ?? file.sizeBytes, visit);
      const isTorn = because === 'damaged' && limit === undefined && !(await isFollowedByLater(file, head, end));
      if (because !== 'end' && !isTorn) throw corruptAt(segment.name, end);
      if (limit !== undefined && end !== limit) throw corruptAt(segment.name, end);
      segment.sizeBytes = end;
      this.#nextSequence = nextSequence;
    });
    return segment;
  }

  #apply(entry: JournalEntry, place: EntryPlace, segment: RecordFile): void {
    switch (entry.kind) {
      case 'record':
        return this.#applyRecord(entry, place, segment);
      case 'forget':
        return this.#hide(this.#live.currentOf(entry.name));
      case 'retire':
        for (const sequence of entry.records) this.#hide(this.#live.find(sequence));
        return;
      case 'release':
        this.#oldest = Math.max(this.#oldest, entry.oldest);
    }
  }

  #applyRecord(entry: RecordEntry, place: EntryPlace, segment: RecordFile): void {
    const { kind: _, record: first, body, ...rest } = entry;
    const record: JournalRecord = { sequence: first ?? place.sequence, ...rest };
    if (body?.kind === 'blob') this.#lastBlob = Math.max(this.#lastBlob, body.number);
    this.#hide(this.#live.currentOf(record.name));
    this.#live.add({
      ...{ record, segment, body: this.#bodyOf(entry, place, segment), ownBytes: place.ownBytes },
      ...{ madeMs: this.#nowMs, isRetired: false },
    });
  }

  #bodyOf({ change, body, name }: RecordEntry, place: EntryPlace, segment: RecordFile): HeldBody | undefined {
    if (change.kind !== 'put') return undefined;
    const { sizeBytes, crc32 } = change;
    const of = { sizeBytes, crc32, holders: 0 };
    switch (body?.kind) {
      case 'blob':
        return { ...of, file: this.#fileOf('blob', body.number), offset: 0 };
      case 'segment':
        return { ...of, file: this.#fileOf('segment', body.number), offset: body.offset };
      case 'inline':
      case undefined:
        if (body === undefined || place.bodyBytes !== sizeBytes) {
          const message = `The journal’s file ${segment.name} has a put of ${name} whose body is not as it says.`;
          throw new SionError('corrupt', `${message} ${corruptRemedy}`);
        }
        return { ...of, file: segment, offset: place.bodyOffset };
    }
  }

  #hide(held: HeldRecord | undefined): void {
    if (held === undefined) return;
    this.#live.retire(held);
    this.#live.drop(held);
  }

  #assertComplete(first: SegmentHead | undefined): void {
    if (first === undefined || first.previous < this.#oldest) return;
    throw new SionError(
      'corrupt',
      `The journal’s file ${journalFileName('segment', first.previous)} is missing. ${corruptRemedy}`,
    );
  }

  /** The blobs that records name. All bodies must be there in their length; their checksums are seen to when they are read. */
  async #checkBodies(segments: ReadonlySet<RecordFile>): Promise<readonly RecordFile[]> {
    const blobs = new Set<RecordFile>();
    for (const { body } of this.#live.current()) {
      if (body === undefined) continue;
      const { file, offset, sizeBytes } = body;
      if (file.kind === 'blob') {
        blobs.add(file);
        await this.#reading(file.name, async (opened) => {
          if (opened.sizeBytes !== sizeBytes) throw corruptAt(file.name, Math.min(opened.sizeBytes, sizeBytes));
          file.sizeBytes = sizeBytes;
        });
      } else if (!segments.has(file) || offset + sizeBytes > file.sizeBytes) {
        throw corruptAt(file.name, offset);
      }
    }
    return [...blobs];
  }

  async #reading<T>(name: string, read: (file: ReadableFile) => Promise<T>): Promise<T> {
    const file = await this.#files.open(name);
    if (file === undefined) throw new SionError('corrupt', `The journal’s file ${name} is missing. ${corruptRemedy}`);
    try {
      return await read(file);
    } finally {
      await file.close();
    }
  }

  #fileOf(kind: 'segment' | 'blob', number: number): RecordFile {
    const name = journalFileName(kind, number);
    const file = this.#known.get(name) ?? new JournalFile<HeldRecord>(kind, number, this.#files);
    this.#known.set(name, file);
    return file;
  }
}

function corruptAt(name: string, offset: number): SionError {
  return new SionError('corrupt', `The journal’s file ${name} is damaged at byte ${offset}. ${corruptRemedy}`);
}
