/**
 * What stands in a segment behind its head: entries, one after the other. All numbers are little-endian.
 *
 *     entry = mark "SNJE" | headCrc u32 | textBytes u32 | bodyBytes u32 | sequence u48 | syncedEnd u32 | crc u32 | text | body
 *     text  = JSON, in UTF-8, of a {@link JournalEntry}
 *     body  = the value's bytes, of a record whose body stands inline; else empty
 *
 * `headCrc` is the CRC-32 of the head behind it, `crc` that of text and body; both begin with the segment's salt, so that
 * bytes of users never pass for an entry. Sequences follow each other without a gap. `syncedEnd` is where the segment ended
 * when the entry's batch began: all before it was durable. So damage that a crash can do, to the last batch only, is told
 * from damage that it cannot.
 */
import { crc32 } from 'node:zlib';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { BelievedBefore, JournalRecord } from './journal-log.ts';

/** Where the bytes of a put lie: in its own entry, in a blob, or in the entry of an earlier put. */
export type BodyPlace =
  | { readonly kind: 'inline' }
  | { readonly kind: 'blob'; readonly number: number }
  | { readonly kind: 'segment'; readonly number: number; readonly offset: number };

export interface RecordEntry {
  readonly kind: 'record';
  /** The sequence that it had first, when it was copied forward; else it has the entry's own. */
  readonly record?: number;
  readonly name: string;
  readonly version: string;
  readonly base: BelievedBefore;
  readonly modifiedMs: number;
  readonly change: JournalRecord['change'];
  /** Of a put. */
  readonly body?: BodyPlace;
}

export type JournalEntry =
  | RecordEntry
  /** Nothing before it under this name counts. */
  | { readonly kind: 'forget'; readonly name: string }
  /** These records do not count any more. */
  | { readonly kind: 'retire'; readonly records: readonly number[] }
  /** Segments before `oldest` may be gone. */
  | { readonly kind: 'release'; readonly oldest: number };

const whole = Type.Integer({ minimum: 0 });
const metadata = Type.Object({
  version: Type.Optional(Type.String()),
  expiresAtMs: Type.Optional(Type.Number()),
  crc32: Type.Optional(Type.Number()),
  contentType: Type.Optional(Type.String()),
  user: Type.Optional(Type.Record(Type.String(), Type.String())),
});
const entrySchema = Compile(
  Type.Union([
    Type.Object({
      kind: Type.Literal('record'),
      record: Type.Optional(whole),
      name: Type.String(),
      version: Type.String(),
      base: Type.Union([
        Type.Object({ kind: Type.Literal('absent') }),
        Type.Object({ kind: Type.Literal('match'), etag: Type.String() }),
        Type.Object({ kind: Type.Literal('unknown') }),
      ]),
      modifiedMs: Type.Number(),
      change: Type.Union([
        Type.Object({ kind: Type.Literal('put'), metadata, sizeBytes: whole, crc32: whole }),
        Type.Object({ kind: Type.Literal('metadata'), metadata, of: Type.String() }),
        Type.Object({ kind: Type.Literal('delete') }),
      ]),
      body: Type.Optional(
        Type.Union([
          Type.Object({ kind: Type.Literal('inline') }),
          Type.Object({ kind: Type.Literal('blob'), number: whole }),
          Type.Object({ kind: Type.Literal('segment'), number: whole, offset: whole }),
        ]),
      ),
    }),
    Type.Object({ kind: Type.Literal('forget'), name: Type.String() }),
    Type.Object({ kind: Type.Literal('retire'), records: Type.Array(whole) }),
    Type.Object({ kind: Type.Literal('release'), oldest: whole }),
  ]),
);

const mark = Buffer.from('SNJE', 'latin1');
export const entryHeadBytes = 30;

/** What an entry's bytes depend on beside itself. */
export interface EntryFrame {
  readonly sequence: number;
  readonly syncedEnd: number;
  /** Of its segment. */
  readonly salt: number;
}

export function encodeEntryText(entry: JournalEntry): Buffer {
  return Buffer.from(JSON.stringify(entry));
}

/** The entry's parts in order; `body` itself is one of them. */
export function encodeEntry(text: Buffer, body: Uint8Array | undefined, frame: EntryFrame): readonly Uint8Array[] {
  const head = Buffer.alloc(entryHeadBytes);
  mark.copy(head);
  head.writeUInt32LE(text.byteLength, 8);
  head.writeUInt32LE(body?.byteLength ?? 0, 12);
  head.writeUIntLE(frame.sequence, 16, 6);
  head.writeUInt32LE(frame.syncedEnd, 22);
  const textCrc = crc32(text, frame.salt);
  head.writeUInt32LE(body === undefined ? textCrc : crc32(body, textCrc), 26);
  head.writeUInt32LE(crc32(head.subarray(8), frame.salt), 4);
  return body === undefined ? [head, text] : [head, text, body];
}

export type DecodedEntry =
  | {
      readonly kind: 'entry';
      readonly entry: JournalEntry;
      readonly sequence: number;
      readonly syncedEnd: number;
      /** Of the whole entry. */
      readonly sizeBytes: number;
      readonly bodyBytes: number;
    }
  /** So many bytes from its beginning are needed to tell. */
  | { readonly kind: 'more'; readonly bytes: number }
  /** No whole entry. */
  | { readonly kind: 'damaged' }
  /** Its checksum is good, but what it says is not known here. */
  | { readonly kind: 'foreign' };

/** The entry that begins with these bytes; `maxBytes`: what is there for it at most. */
export function decodeEntry(start: Uint8Array, maxBytes: number, salt: number): DecodedEntry {
  const bytes = Buffer.from(start.buffer, start.byteOffset, Math.min(start.byteLength, maxBytes));
  if (maxBytes < entryHeadBytes) return { kind: 'damaged' };
  if (bytes.byteLength < entryHeadBytes) return { kind: 'more', bytes: entryHeadBytes };
  if (!bytes.subarray(0, 4).equals(mark)) return { kind: 'damaged' };
  if (bytes.readUInt32LE(4) !== crc32(bytes.subarray(8, entryHeadBytes), salt)) return { kind: 'damaged' };
  const textEnd = entryHeadBytes + bytes.readUInt32LE(8);
  const bodyBytes = bytes.readUInt32LE(12);
  const sizeBytes = textEnd + bodyBytes;
  if (sizeBytes > maxBytes) return { kind: 'damaged' };
  if (bytes.byteLength < sizeBytes) return { kind: 'more', bytes: sizeBytes };
  if (bytes.readUInt32LE(26) !== crc32(bytes.subarray(entryHeadBytes, sizeBytes), salt)) return { kind: 'damaged' };
  const entry = decodeText(bytes.subarray(entryHeadBytes, textEnd));
  if (entry === undefined) return { kind: 'foreign' };
  const sequence = bytes.readUIntLE(16, 6);
  return { kind: 'entry', entry, sequence, syncedEnd: bytes.readUInt32LE(22), sizeBytes, bodyBytes };
}

/** Where an entry may begin in these bytes, from `from` on; -1 when nowhere. */
export function findEntryMark(bytes: Uint8Array, from: number): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(mark, from);
}

function decodeText(text: Buffer): JournalEntry | undefined {
  try {
    const value: unknown = JSON.parse(text.toString());
    return entrySchema.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
