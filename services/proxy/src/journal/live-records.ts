/**
 * What the journal remembers of its records: where each lies that is not retired, which one of each name an opening would
 * tell, and which files those need. No bytes of values. It is changed only by what is durable, but for `retire`, which
 * gives room back at once.
 */
import type { JournalFile } from './journal-file.ts';
import type { JournalRecord } from './journal-log.ts';
import type { RecordEntry } from './record-codec.ts';

export type RecordFile = JournalFile<HeldRecord>;

/** The bytes of a put; shared by the records that reuse them. */
export interface HeldBody {
  file: RecordFile;
  /** In the file. */
  offset: number;
  readonly sizeBytes: number;
  readonly crc32: number;
  /** Records that are not retired, or on their way. */
  holders: number;
}

export interface HeldRecord {
  readonly record: JournalRecord;
  /** Where its entry lies. */
  segment: RecordFile;
  readonly body: HeldBody | undefined;
  /** Of its entry without the body. */
  readonly ownBytes: number;
  /** On the monotonic clock. */
  readonly madeMs: number;
  isRetired: boolean;
}

export class LiveRecords {
  readonly #held = new Map<number, HeldRecord>();
  /** Of each name, what an opening would tell. */
  readonly #current = new Map<string, HeldRecord>();
  /** Blobs that nothing on the disk refers to any more. */
  readonly idleBlobs = new Set<RecordFile>();
  /** Of the records that are not retired, and their bodies. */
  bytes = 0;

  get size(): number {
    return this.#held.size;
  }

  get oldestMs(): number | undefined {
    for (const { madeMs } of this.#held.values()) return madeMs;
    return undefined;
  }

  /** What an opening would tell, in the order of sequences. */
  current(): readonly HeldRecord[] {
    return [...this.#current.values()].sort((a, b) => a.record.sequence - b.record.sequence);
  }

  currentOf(name: string): HeldRecord | undefined {
    return this.#current.get(name);
  }

  /** Files that have bytes of records which are not retired. */
  bodyFiles(): ReadonlySet<RecordFile> {
    return new Set([...this.#held.values()].flatMap(({ body }) => (body === undefined ? [] : [body.file])));
  }

  /** The record of this sequence, unless it is retired. */
  find(sequence: number): HeldRecord | undefined {
    return this.#held.get(sequence);
  }

  /** A durable record: it takes the place of the one before it under its name. */
  add(held: HeldRecord): void {
    this.#held.set(held.record.sequence, held);
    this.bytes += held.ownBytes;
    if (held.body !== undefined) this.hold(held.body);
    this.#leave(this.#current.get(held.record.name));
    this.#current.set(held.record.name, held);
    held.segment.residents.add(held);
    held.body?.file.residents.add(held);
  }

  /** Gives its room back; an opening would still tell it until {@link drop}. Gives false when it was retired before. */
  retire(held: HeldRecord): boolean {
    if (held.isRetired) return false;
    held.isRetired = true;
    this.#held.delete(held.record.sequence);
    this.bytes -= held.ownBytes;
    if (held.body !== undefined) this.letGo(held.body);
    return true;
  }

  /** It is durable that no opening tells it any more. */
  drop(held: HeldRecord | undefined): void {
    if (held === undefined || this.#current.get(held.record.name) !== held) return;
    this.#current.delete(held.record.name);
    this.#leave(held);
  }

  /** Its entry, and the body where that stood in a segment, lie elsewhere now. */
  move(held: HeldRecord, segment: RecordFile, bodyOffset: number): void {
    if (this.#current.get(held.record.name) !== held) return;
    const { body } = held;
    // A record on its way says already that its bytes lie where they did.
    if (body?.file.kind === 'segment' && body.file.pins > 0) return;
    held.segment.residents.delete(held);
    if (body?.file.kind === 'segment') {
      body.file.residents.delete(held);
      if (body.holders > 0) {
        segment.hold();
        body.file.letGo();
      }
      body.file = segment;
      body.offset = bodyOffset;
    }
    held.segment = segment;
    segment.residents.add(held);
  }

  /** Its bytes are needed until the matching {@link letGo}. */
  hold(body: HeldBody): void {
    if (body.holders === 0) {
      body.file.hold();
      this.bytes += body.sizeBytes;
    }
    body.holders++;
  }

  letGo(body: HeldBody): void {
    body.holders--;
    if (body.holders > 0) return;
    body.file.letGo();
    this.bytes -= body.sizeBytes;
  }

  #leave(held: HeldRecord | undefined): void {
    if (held === undefined) return;
    held.segment.residents.delete(held);
    const file = held.body?.file;
    file?.residents.delete(held);
    if (file?.kind === 'blob') this.idleBlobs.add(file);
  }
}

/** As it stands in a segment; a body there is a part of its entry. */
export function entryOf(held: HeldRecord): RecordEntry {
  const { sequence, ...rest } = held.record;
  const { body } = held;
  const place = body === undefined ? {} : { body: placeOf(body) };
  return { kind: 'record', record: sequence, ...rest, ...place };
}

function placeOf({ file }: HeldBody) {
  return file.kind === 'blob' ? ({ kind: 'blob', number: file.number } as const) : ({ kind: 'inline' } as const);
}
