/**
 * The names of the journal's files, and the head of a segment. All numbers are little-endian.
 *
 *     head = magic "SIONJNL" | format u8 = 1 | number u32 | previous u32 | previousEnd u32 | oldest u32
 *          | firstSequence u48 | salt u32 | crc u32
 *
 * A head is durable before anything follows it. `previous` is the number of the segment before (0: none), `previousEnd`
 * the length up to which that one counts: what stands behind it there was never acknowledged, and void. `oldest` is the
 * first segment that was still needed. Entries are numbered on from `firstSequence`. The `salt` goes into the checksum of
 * each entry, so that bytes of users never pass for one. `crc` is the CRC-32 of all before it.
 */
import { crc32 } from 'node:zlib';

export interface SegmentHead {
  readonly number: number;
  readonly previous: number;
  readonly previousEnd: number;
  readonly oldest: number;
  readonly firstSequence: number;
  readonly salt: number;
}

export const segmentHeadBytes = 38;

const magic = Buffer.from('SIONJNL', 'latin1');
const format = 1;
const crcAt = segmentHeadBytes - 4;

export type DecodedHead =
  | { readonly kind: 'head'; readonly head: SegmentHead }
  /** Whole, but of another version of SION. */
  | { readonly kind: 'foreign'; readonly format: number }
  | { readonly kind: 'damaged' };

export function encodeSegmentHead(head: SegmentHead): Uint8Array {
  const bytes = Buffer.alloc(segmentHeadBytes);
  magic.copy(bytes);
  bytes.writeUInt8(format, 7);
  bytes.writeUInt32LE(head.number, 8);
  bytes.writeUInt32LE(head.previous, 12);
  bytes.writeUInt32LE(head.previousEnd, 16);
  bytes.writeUInt32LE(head.oldest, 20);
  bytes.writeUIntLE(head.firstSequence, 24, 6);
  bytes.writeUInt32LE(head.salt, 30);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, crcAt)), crcAt);
  return bytes;
}

/** Of the first bytes of a file; more may follow. */
export function decodeSegmentHead(start: Uint8Array): DecodedHead {
  if (start.byteLength < segmentHeadBytes) return { kind: 'damaged' };
  const bytes = Buffer.from(start.buffer, start.byteOffset, segmentHeadBytes);
  if (!bytes.subarray(0, magic.length).equals(magic)) return { kind: 'damaged' };
  if (bytes.readUInt32LE(crcAt) !== crc32(bytes.subarray(0, crcAt))) return { kind: 'damaged' };
  const found = bytes.readUInt8(7);
  if (found !== format) return { kind: 'foreign', format: found };
  return {
    kind: 'head',
    head: {
      number: bytes.readUInt32LE(8),
      previous: bytes.readUInt32LE(12),
      previousEnd: bytes.readUInt32LE(16),
      oldest: bytes.readUInt32LE(20),
      firstSequence: bytes.readUIntLE(24, 6),
      salt: bytes.readUInt32LE(30),
    },
  };
}

const fileName = /^journal-(\d{8,10})\.(log|blob)$/;

/** `number` is never used again for a file of this kind. */
export function journalFileName(kind: 'segment' | 'blob', number: number): string {
  return `journal-${String(number).padStart(8, '0')}.${kind === 'segment' ? 'log' : 'blob'}`;
}

/** A segment's copy without its torn end, before it takes the segment's name. */
export function copyName(segmentName: string): string {
  return `${segmentName}.new`;
}

export type JournalFileName =
  | { readonly kind: 'segment' | 'blob'; readonly number: number }
  | { readonly kind: 'copy' }
  /** Not the journal's. */
  | { readonly kind: 'other' };

export function parseJournalFileName(name: string): JournalFileName {
  if (name.endsWith('.new') && fileName.test(name.slice(0, -4))) return { kind: 'copy' };
  const [, number, ending] = fileName.exec(name) ?? [];
  if (number === undefined) return { kind: 'other' };
  return { kind: ending === 'log' ? 'segment' : 'blob', number: Number(number) };
}
