import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cutFrames,
  decodeEnd,
  decodeEntry,
  decodeHeader,
  encodeEnd,
  encodeEntry,
  encodeHeader,
  endBytes,
  type SnapshotEntry,
} from './snapshot-format.ts';

const header = {
  epoch: 7,
  nodes: 24,
  placement: {
    v: 3,
    newestWindow: 4,
    openForMs: 1.5,
    groups: [{ group: 1, window: 3, openedWindow: 2, isSealed: true }],
  },
} as const;

const entryArbitrary: fc.Arbitrary<SnapshotEntry> = fc
  .record({
    key: fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    etag: fc.string(),
    user: fc.option(fc.dictionary(fc.string(), fc.string(), { maxKeys: 2, noNullPrototype: true }), { nil: undefined }),
    isVolatile: fc.boolean(),
    confirmed: fc.boolean(),
    idleMs: fc.nat(),
    fragments: fc.array(
      fc.option(
        fc.record({
          nodes: fc.array(fc.nat(23), { minLength: 3, maxLength: 3 }),
          checksums: fc.array(fc.nat(2 ** 32 - 1), { minLength: 3, maxLength: 3 }),
          held: fc.subarray([0, 1, 2]),
        }),
      ),
      { maxLength: 3 },
    ),
  })
  .map(({ key, etag, user, isVolatile, confirmed, idleMs, fragments }) => ({
    key,
    object: {
      ...{ name: encodeURIComponent(key), sizeBytes: 100, etag, modifiedMs: 1_700_000_000_000 },
      metadata: { version: '7.1', ...(user === undefined ? {} : { user }) },
      ...(isVolatile ? { volatile: true as const } : {}),
    },
    confirmed,
    idleMs,
    id: { epoch: 7, counter: 2 ** 40 },
    layout: {
      ...{ sizeBytes: 100, dataChunks: 2, parityChunks: 1 },
      ...{ chunkBytes: 10, fragmentBytes: 20, fragments: fragments.length },
    },
    fragments,
  }));

describe('entries of a snapshot', () => {
  it('are read as they were written, and cut anywhere only as far as they are whole', () => {
    fc.assert(
      fc.property(
        fc.array(entryArbitrary, { maxLength: 4 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (entries, part) => {
          const frames = [encodeHeader(header), ...entries.map(encodeEntry)];
          const bytes = Buffer.concat(frames);
          const [first, ...payloads] = cutFrames(bytes).payloads;
          expect(decodeHeader(first ?? new Uint8Array())).toMatchObject(header);
          expect(payloads.map(decodeEntry)).toEqual(entries);
          const cutAt = Math.floor(part * bytes.length);
          const { payloads: some, usedBytes, nextBytes } = cutFrames(bytes.subarray(0, cutAt));
          expect(usedBytes).toBe(frames.slice(0, some.length).reduce((sum, frame) => sum + frame.length, 0));
          expect(some.map(Buffer.from)).toEqual(
            [first, ...payloads].slice(0, some.length).map((one) => Buffer.from(one ?? [])),
          );
          expect(usedBytes + nextBytes).toBeGreaterThan(cutAt);
        },
      ),
    );
  });

  it('with any bit flipped are damaged, or not whole any more', () => {
    fc.assert(
      fc.property(entryArbitrary, fc.nat(), (entry, at) => {
        const bytes = Buffer.from(encodeEntry(entry));
        const bit = at % (bytes.length * 8);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const read = () => cutFrames(bytes).payloads.map(decodeEntry);
        let entries: readonly SnapshotEntry[] = [];
        try {
          entries = read();
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'corrupt', message: expect.stringContaining('written anew') });
        }
        expect(entries).toEqual([]);
      }),
    );
  });

  it.each([
    ['no JSON', 'no json'],
    ['another shape', '{"key":"a"}'],
  ])('that are %s are refused', (_, text) => {
    expect(() => decodeEntry(Buffer.from(text))).toThrow('another shape');
  });

  it('that lack chunks of their layout are refused', () => {
    const [entry] = fc.sample(entryArbitrary, { numRuns: 1, seed: 1 });
    const broken = { ...entry, fragments: [{ nodes: [1], checksums: [1], held: [0] }] };
    const text = JSON.stringify({ ...broken, layout: { ...entry?.layout, fragments: 1 } });
    expect(() => decodeEntry(Buffer.from(text))).toThrow('chunks of its layout');
  });
});

describe('the header of a snapshot', () => {
  it.each([
    ['another format', JSON.stringify({ format: 3, ...header })],
    ['nothing', ''],
    ['something else', '[]'],
  ])('that is %s is none', (_, text) => {
    expect(decodeHeader(Buffer.from(text))).toBeUndefined();
  });
});

describe('the end of a snapshot', () => {
  const end = { entries: 100_000, volatiles: 3, framesBytes: 2 ** 33 };
  const bytes = encodeEnd(end);
  const sizeBytes = end.framesBytes + endBytes;

  it('is read as it was written', () => {
    expect(bytes).toHaveLength(endBytes);
    expect(decodeEnd(bytes, sizeBytes)).toEqual(end);
  });

  it('is none when it is cut, of a file of another length, or has a bit flipped', () => {
    for (let cutAt = 0; cutAt < endBytes; cutAt++) {
      expect(decodeEnd(bytes.subarray(0, cutAt), sizeBytes)).toBeUndefined();
      expect(decodeEnd(bytes.subarray(cutAt + 1), sizeBytes)).toBeUndefined();
    }
    expect(decodeEnd(bytes, sizeBytes + 1)).toBeUndefined();
    for (let bit = 0; bit < endBytes * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(decodeEnd(flipped, sizeBytes)).toBeUndefined();
    }
  });
});
