/** A record that is about to be written: checked, encoded, and what it needs on the disk kept there meanwhile. */
import { crc32 } from 'node:zlib';
import { SionError } from '@sion/wire';
import type { Blobs, JournalBlob } from './blobs.ts';
import type { JournalRecord, NewRecord } from './journal-log.ts';
import type { HeldBody, HeldRecord, LiveRecords, RecordFile } from './live-records.ts';
import { type BodyPlace, encodeEntryText } from './record-codec.ts';
import type { NewEntry, WrittenEntry } from './segment-writer.ts';

export interface PreparedRecord extends NewEntry {
  /** The record once it is written there. */
  hold(written: WrittenEntry, segment: RecordFile): HeldRecord;
  /** It is held: what it needs is kept for that reason now. */
  settle(): void;
  /** It has failed. `isDoubtful`: it may turn up all the same. */
  giveBack(isDoubtful: boolean): void;
}

interface Surroundings {
  readonly blobs: Blobs;
  readonly live: LiveRecords;
  /** On the monotonic clock. */
  readonly madeMs: number;
  readonly inlineMaxBytes: number;
}

/** Where a put's bytes are, or will be. */
interface PreparedBody {
  readonly place: BodyPlace;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly inline?: Uint8Array;
  readonly blob?: JournalBlob;
  readonly reused?: HeldBody;
}

/** Throws `invalid` when the body is none that can be recorded. */
export function prepareRecord(record: NewRecord, surroundings: Surroundings): PreparedRecord {
  const { change, ...rest } = record;
  const body = change.kind === 'put' ? prepareBody(record, surroundings) : undefined;
  const kept: JournalRecord['change'] =
    change.kind !== 'put' || body === undefined
      ? asKept(change)
      : { kind: 'put', metadata: change.metadata, sizeBytes: body.sizeBytes, crc32: body.crc32 };
  const place = body === undefined ? {} : { body: body.place };
  const letGo = keep(body?.reused, surroundings.live);
  return {
    text: encodeEntryText({ kind: 'record', ...rest, change: kept, ...place }),
    ...(body?.inline === undefined ? {} : { body: body.inline }),
    hold: ({ sequence, bodyOffset, ownBytes }, segment) => ({
      record: { sequence, ...rest, change: kept },
      ...{ segment, ownBytes, madeMs: surroundings.madeMs, isRetired: false },
      body: body === undefined ? undefined : heldBody(body, segment, bodyOffset),
    }),
    settle: () => {
      letGo();
      if (body?.blob !== undefined) surroundings.blobs.settle(body.blob);
    },
    giveBack: (isDoubtful) => {
      letGo();
      if (body?.blob !== undefined) surroundings.blobs.giveBack(body.blob, isDoubtful);
    },
  };
}

/** Keeps bytes that are to be used again where they are, until what it gives is called. */
function keep(body: HeldBody | undefined, live: LiveRecords): () => void {
  if (body === undefined) return () => {};
  const { file } = body;
  live.hold(body);
  file.pins++;
  return () => {
    file.pins--;
    live.letGo(body);
  };
}

function asKept(change: NewRecord['change']): JournalRecord['change'] {
  if (change.kind === 'put') throw new Error('a put has a body');
  return change;
}

function prepareBody(
  { name, change }: NewRecord,
  { blobs, live, inlineMaxBytes }: Surroundings,
): PreparedBody | undefined {
  if (change.kind !== 'put') return undefined;
  const { body } = change;
  switch (body.kind) {
    case 'inline': {
      const sizeBytes = body.bytes.byteLength;
      if (sizeBytes > inlineMaxBytes) {
        const message = `A body of ${sizeBytes} bytes does not stand in a record, which takes ${inlineMaxBytes}.`;
        throw new SionError('invalid', `${message} Write a blob.`);
      }
      return { place: { kind: 'inline' }, sizeBytes, crc32: crc32(body.bytes), inline: body.bytes };
    }
    case 'blob': {
      const blob = blobs.name(body.blob);
      const { sizeBytes, crc32 } = blob;
      return { place: { kind: 'blob', number: blob.file.number }, sizeBytes, crc32, blob };
    }
    case 'reuse': {
      const reused = live.find(body.record.sequence)?.body;
      if (reused === undefined || live.currentOf(name)?.body !== reused) {
        const message = `The bytes of the journal’s record ${body.record.sequence} are not those of ${name} any more.`;
        throw new SionError('invalid', `${message} Put them again.`);
      }
      return { place: placeOf(reused), sizeBytes: reused.sizeBytes, crc32: reused.crc32, reused };
    }
  }
}

function placeOf({ file, offset }: HeldBody): BodyPlace {
  return file.kind === 'blob'
    ? { kind: 'blob', number: file.number }
    : { kind: 'segment', number: file.number, offset };
}

function heldBody(body: PreparedBody, segment: RecordFile, offset: number): HeldBody {
  if (body.reused !== undefined) return body.reused;
  const of = { sizeBytes: body.sizeBytes, crc32: body.crc32, holders: 0 };
  return body.blob === undefined ? { ...of, file: segment, offset } : { ...of, file: body.blob.file, offset: 0 };
}
