import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeEntry,
  encodeEntry,
  encodeEntryText,
  entryHeadBytes,
  findEntryMark,
  type JournalEntry,
} from './record-codec.ts';

const whole = fc.nat({ max: 2 ** 31 });
const text = fc.string({ unit: 'binary', maxLength: 20 });
const metadata = fc.record(
  {
    version: text,
    expiresAtMs: whole,
    crc32: whole,
    contentType: text,
    user: fc.dictionary(text, text, { maxKeys: 3 }),
  },
  { requiredKeys: [] },
);
const base = fc.oneof(
  fc.constant({ kind: 'absent' as const }),
  fc.record({ kind: fc.constant('match' as const), etag: text }),
  fc.constant({ kind: 'unknown' as const }),
);
const change = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), metadata, sizeBytes: whole, crc32: whole }),
  fc.record({ kind: fc.constant('metadata' as const), metadata, of: text }),
  fc.constant({ kind: 'delete' as const }),
);
const body = fc.oneof(
  fc.constant({ kind: 'inline' as const }),
  fc.record({ kind: fc.constant('blob' as const), number: whole }),
  fc.record({ kind: fc.constant('segment' as const), number: whole, offset: whole }),
);
const entry: fc.Arbitrary<JournalEntry> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('record' as const),
      record: whole,
      name: text,
      version: text,
      base,
      modifiedMs: whole,
      change,
      body,
    },
    { requiredKeys: ['kind', 'name', 'version', 'base', 'modifiedMs', 'change'] },
  ),
  fc.record({ kind: fc.constant('forget' as const), name: text }),
  fc.record({ kind: fc.constant('retire' as const), records: fc.array(whole, { maxLength: 5 }) }),
  fc.record({ kind: fc.constant('release' as const), oldest: whole }),
);
const frame = fc.record({ sequence: fc.nat({ max: 2 ** 48 - 1 }), syncedEnd: whole, salt: whole });
const bytes = fc.uint8Array({ maxLength: 200 });

function encoded(
  entry: JournalEntry,
  body: Uint8Array | undefined,
  at: { sequence: number; syncedEnd: number; salt: number },
) {
  return Buffer.concat(encodeEntry(encodeEntryText(entry), body, at));
}

/** As it reads back from JSON: what `-0` and the like become. */
const asKept = (entry: JournalEntry): unknown => JSON.parse(JSON.stringify(entry));

test('an entry reads back as it was written, whatever follows', () => {
  fc.assert(
    fc.property(entry, fc.option(bytes, { nil: undefined }), frame, bytes, (entry, body, frame, rest) => {
      const written = encoded(entry, body, frame);
      const decoded = decodeEntry(Buffer.concat([written, rest]), written.length + rest.length, frame.salt);
      expect(decoded).toEqual({
        ...{ kind: 'entry', entry: asKept(entry), sequence: frame.sequence, syncedEnd: frame.syncedEnd },
        ...{ sizeBytes: written.length, bodyBytes: body?.length ?? 0 },
      });
    }),
  );
});

test('of an entry that comes byte by byte, more is asked for until it is there, and no more than that', () => {
  fc.assert(
    fc.property(entry, bytes, frame, (entry, body, frame) => {
      const written = encoded(entry, body, frame);
      for (let length = 0; length < written.length; length++) {
        const more = decodeEntry(written.subarray(0, length), written.length, frame.salt);
        expect(more).toEqual({ kind: 'more', bytes: length < entryHeadBytes ? entryHeadBytes : written.length });
      }
    }),
    { numRuns: 20 },
  );
});

test('an entry that is cut anywhere is damaged', () => {
  fc.assert(
    fc.property(entry, bytes, frame, (entry, body, frame) => {
      const written = encoded(entry, body, frame);
      for (let length = 0; length < written.length; length++) {
        expect(decodeEntry(written.subarray(0, length), length, frame.salt)).toEqual({ kind: 'damaged' });
      }
    }),
    { numRuns: 20 },
  );
});

test('an entry of which any byte is another is damaged', () => {
  fc.assert(
    fc.property(entry, bytes, frame, fc.integer({ min: 1, max: 255 }), (entry, body, frame, flip) => {
      const written = encoded(entry, body, frame);
      for (let at = 0; at < written.length; at++) {
        const flipped = Buffer.from(written);
        flipped[at] = flipped[at]! ^ flip;
        expect(decodeEntry(flipped, flipped.length, frame.salt)).toEqual({ kind: 'damaged' });
      }
    }),
    { numRuns: 20 },
  );
});

test('arbitrary bytes, and the entry of another segment, are none', () => {
  fc.assert(fc.property(bytes, (bytes) => decodeEntry(bytes, bytes.length, 7).kind === 'damaged'));
  const written = encoded({ kind: 'forget', name: 'a' }, undefined, { sequence: 1, syncedEnd: 38, salt: 1 });
  expect(decodeEntry(written, written.length, 2)).toEqual({ kind: 'damaged' });
});

test('a good entry that says nothing known is told from a damaged one', () => {
  for (const text of ['{"kind":"other"}', 'no JSON', '{"kind":"forget"}', '{"kind":"retire","records":[-1]}']) {
    const written = Buffer.concat(encodeEntry(Buffer.from(text), undefined, { sequence: 1, syncedEnd: 38, salt: 1 }));
    expect(decodeEntry(written, written.length, 1)).toEqual({ kind: 'foreign' });
  }
});

test('marks are found where they stand', () => {
  const written = encoded({ kind: 'release', oldest: 3 }, undefined, { sequence: 1, syncedEnd: 38, salt: 1 });
  const bytes = Buffer.concat([Buffer.from('SNJ'), written, written]).subarray(1);
  expect(findEntryMark(bytes, 0)).toBe(2);
  expect(findEntryMark(bytes, 3)).toBe(2 + written.length);
  expect(findEntryMark(bytes, 3 + written.length)).toBe(-1);
});
