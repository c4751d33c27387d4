import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  copyName,
  decodeSegmentHead,
  encodeSegmentHead,
  journalFileName,
  parseJournalFileName,
  segmentHeadBytes,
} from './segment-head.ts';

const u32 = fc.nat({ max: 2 ** 32 - 1 });
const head = fc.record({
  ...{ number: u32, previous: u32, previousEnd: u32, oldest: u32, salt: u32 },
  firstSequence: fc.nat({ max: 2 ** 48 - 1 }),
});

test('a head reads back as it was written, whatever follows', () => {
  fc.assert(
    fc.property(head, fc.uint8Array({ maxLength: 50 }), (head, rest) => {
      const bytes = encodeSegmentHead(head);
      expect(bytes.byteLength).toBe(segmentHeadBytes);
      expect(decodeSegmentHead(Buffer.concat([bytes, rest]))).toEqual({ kind: 'head', head });
    }),
  );
});

test('a head that is cut, or of which any byte is another, is damaged', () => {
  fc.assert(
    fc.property(head, fc.integer({ min: 1, max: 255 }), (head, flip) => {
      const bytes = encodeSegmentHead(head);
      for (let at = 0; at < bytes.byteLength; at++) {
        expect(decodeSegmentHead(bytes.subarray(0, at))).toEqual({ kind: 'damaged' });
        const flipped = Buffer.from(bytes);
        flipped[at] = flipped[at]! ^ flip;
        expect(decodeSegmentHead(flipped)).toEqual({ kind: 'damaged' });
      }
    }),
  );
});

test('a whole head of another format is told from a damaged one', () => {
  const bytes = Buffer.from(
    encodeSegmentHead({ number: 1, previous: 0, previousEnd: 0, oldest: 1, firstSequence: 1, salt: 9 }),
  );
  bytes.writeUInt8(2, 7);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, segmentHeadBytes - 4)), segmentHeadBytes - 4);
  expect(decodeSegmentHead(bytes)).toEqual({ kind: 'foreign', format: 2 });
});

test('names of files tell what they are', () => {
  expect(journalFileName('segment', 7)).toBe('journal-00000007.log');
  for (const number of [1, 99_999_999, 2 ** 32 - 1]) {
    for (const kind of ['segment', 'blob'] as const) {
      expect(parseJournalFileName(journalFileName(kind, number))).toEqual({ kind, number });
    }
  }
  expect(parseJournalFileName(copyName('journal-00000007.log'))).toEqual({ kind: 'copy' });
  for (const name of ['journal-7.log', 'snapshot.json', 'journal-00000007.txt', 'x.new', 'a-journal-00000007.log']) {
    expect(parseJournalFileName(name)).toEqual({ kind: 'other' });
  }
});
