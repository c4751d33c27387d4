/**
 * Bounds what the journal takes on the disk. Segments go in their order, for what a later one says hides what an earlier
 * one has. When few records keep long old segments, those records are copied forward, so that the oldest segment can go.
 */
import { crc32 } from 'node:zlib';
import { entryOf, type HeldRecord, type RecordFile } from './live-records.ts';
import { encodeEntryText } from './record-codec.ts';
import { encodedBytes, type NewEntry } from './segment-writer.ts';

/** A record as it is to stand further on in the log. */
export interface RecordCopy extends NewEntry {
  readonly held: HeldRecord;
}

/** Copies of records that keep the segment, of about `maxBytes`. Undefined when one of them cannot be read. */
export async function copyForward(segment: RecordFile, maxBytes: number): Promise<readonly RecordCopy[] | undefined> {
  const copies: RecordCopy[] = [];
  let bytes = 0;
  for (const held of [...segment.residents]) {
    if (bytes >= maxBytes) break;
    if (held.isRetired) continue;
    const text = encodeEntryText(entryOf(held));
    const body = await readInline(held);
    if (body === 'unreadable') return undefined;
    const copy = { text, held, ...(body === undefined ? {} : { body }) };
    copies.push(copy);
    bytes += encodedBytes(copy);
  }
  return copies;
}

async function readInline({ body }: HeldRecord): Promise<Uint8Array | undefined | 'unreadable'> {
  if (body === undefined || body.file.kind === 'blob') return undefined;
  const { file, offset, sizeBytes } = body;
  file.acquire();
  try {
    const bytes = await file.read(offset, offset + sizeBytes);
    return crc32(bytes) === body.crc32 ? bytes : 'unreadable';
  } catch {
    return 'unreadable';
  } finally {
    file.release();
  }
}
