import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chunkLength,
  chunkSpan,
  defaultStripes,
  fragmentShape,
  type Layout,
  layoutOf,
  parseStripes,
  spansOfRange,
  stripeOf,
} from './striping.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const table = '128KiB=1+1,1MiB=2+1,8MiB=4+2,*=10+2';

describe('the stripe table', () => {
  test('reads the default', () => {
    expect(parseStripes(defaultStripes)).toEqual([
      { upToBytes: 2 * MiB, dataChunks: 1, parityChunks: 1 },
      { upToBytes: 8 * MiB, dataChunks: 2, parityChunks: 1 },
      { upToBytes: 32 * MiB, dataChunks: 4, parityChunks: 2 },
      { upToBytes: Number.POSITIVE_INFINITY, dataChunks: 10, parityChunks: 2 },
    ]);
  });

  test('reads units, plain bytes and blanks around entries', () => {
    const sizes = parseStripes(' 0=1+0, 7=1+0 ,8B=1+1,1KiB=2+0,1MiB=2+1,1GiB=4+2,*=10+4 ').map((row) => row.upToBytes);
    expect(sizes).toEqual([0, 7, 8, KiB, MiB, 1024 * MiB, Number.POSITIVE_INFINITY]);
  });

  test.each([
    ['', '"" is not of the form'],
    ['*=10', '"*=10" is not of the form'],
    ['*=10+2,', 'nothing may follow the entry for *'],
    ['*=1+1,*=2+1', 'nothing may follow the entry for *'],
    ['1KiB=1+1', 'the last entry must be for *'],
    ['1KiB=1+1,1024=2+1,*=10+2', 'sizes must ascend, but "1024=2+1"'],
    ['1KB=1+1,*=10+2', 'the unit must be B, KiB, MiB or GiB'],
    ['1kib=1+1,*=10+2', 'the unit must be B, KiB, MiB or GiB'],
    ['-1=1+1,*=10+2', 'is not of the form'],
    ['1.5MiB=1+1,*=10+2', 'is not of the form'],
    ['999999999999999GiB=1+1,*=10+2', 'must be below 2^53'],
    ['*=0+2', 'at least 1 data chunk'],
    ['*=4+5', 'at most 4 parity chunks'],
    ['*=13+2', 'at most 14 chunks'],
    ['*=15+0', 'at most 14 chunks'],
  ])('refuses %j', (text, reason) => {
    expect(() => parseStripes(text)).toThrow(RangeError);
    expect(() => parseStripes(text)).toThrow(reason);
    expect(() => parseStripes(text)).toThrow(`Example: ${defaultStripes}`);
  });

  test('upper sizes are inclusive', () => {
    const stripes = parseStripes(table);
    expect(stripeOf(0, stripes).dataChunks).toBe(1);
    expect(stripeOf(128 * KiB, stripes).dataChunks).toBe(1);
    expect(stripeOf(128 * KiB + 1, stripes).dataChunks).toBe(2);
    expect(stripeOf(8 * MiB, stripes).dataChunks).toBe(4);
    expect(stripeOf(8 * MiB + 1, stripes).dataChunks).toBe(10);
    expect(() => stripeOf(2, [{ upToBytes: 1, dataChunks: 1, parityChunks: 0 }])).toThrow(RangeError);
  });
});

describe('layouts', () => {
  const stripes = parseStripes(table);

  test('an empty object has no fragments', () => {
    expect(layoutOf(0, stripes)).toEqual({
      sizeBytes: 0,
      dataChunks: 1,
      parityChunks: 1,
      chunkBytes: 0,
      fragmentBytes: 0,
      fragments: 0,
    });
  });

  test('an object of several fragments has full ones and a shorter last one', () => {
    const layout = layoutOf(25 * MiB + 5, stripes);
    expect(layout).toMatchObject({ chunkBytes: MiB, fragmentBytes: 10 * MiB, fragments: 3 });
    expect(fragmentShape(layout, 1)).toEqual({ offset: 10 * MiB, lengthBytes: 10 * MiB, chunkBytes: MiB });
    expect(fragmentShape(layout, 2)).toEqual({ offset: 20 * MiB, lengthBytes: 5 * MiB + 5, chunkBytes: 512 * KiB + 1 });
    expect(chunkSpan(layout, 2, 9)).toEqual({ offset: 25 * MiB + 5 - (512 * KiB - 4), lengthBytes: 512 * KiB - 4 });
    expect(chunkLength(layout, 2, 9)).toBe(512 * KiB - 4);
    expect(chunkLength(layout, 2, 10)).toBe(512 * KiB + 1);
  });

  test('a fragment smaller than its data chunks leaves the last ones empty', () => {
    const layout = layoutOf(3, parseStripes('*=4+2'));
    expect([0, 1, 2, 3, 4, 5].map((index) => chunkLength(layout, 0, index))).toEqual([1, 1, 1, 0, 1, 1]);
  });

  test('a full fragment of a long object does not depend on its size', () => {
    expect(layoutOf(11 * MiB, stripes).fragmentBytes).toBe(layoutOf(60 * 1024 * MiB, stripes).fragmentBytes);
  });

  test('refuses what is not there', () => {
    const layout = layoutOf(25 * MiB, stripes);
    expect(() => layoutOf(-1, stripes)).toThrow(RangeError);
    expect(() => layoutOf(1.5, stripes)).toThrow(RangeError);
    expect(() => layoutOf(1, stripes, 0)).toThrow(RangeError);
    for (const fragment of [-1, 3, 0.5]) expect(() => fragmentShape(layout, fragment)).toThrow(RangeError);
    for (const index of [-1, 10, 0.5]) expect(() => chunkSpan(layout, 0, index)).toThrow(RangeError);
    for (const index of [-1, 12, 10.5]) expect(() => chunkLength(layout, 0, index)).toThrow(RangeError);
    for (const range of [
      { start: -1, end: 2 },
      { start: 3, end: 2 },
      { start: 0, end: 25 * MiB + 1 },
    ]) {
      expect(() => spansOfRange(layout, range)).toThrow(RangeError);
    }
  });
});

const anyLayout = fc
  .record({
    sizeBytes: fc.oneof(fc.nat(50), fc.nat(3_000)),
    dataChunks: fc.integer({ min: 1, max: 10 }),
    parityChunks: fc.nat(4),
    maxChunkBytes: fc.integer({ min: 1, max: 64 }),
  })
  .map(({ sizeBytes, dataChunks, parityChunks, maxChunkBytes }) => ({
    layout: layoutOf(sizeBytes, parseStripes(`*=${dataChunks}+${parityChunks}`), maxChunkBytes),
    maxChunkBytes,
  }));

function dataSpans(layout: Layout) {
  return Array.from({ length: layout.fragments }, (_, fragment) =>
    Array.from({ length: layout.dataChunks }, (_, index) => ({
      fragment,
      index,
      ...chunkSpan(layout, fragment, index),
    })),
  ).flat();
}

describe('properties of layouts', () => {
  test('data chunks tile the object exactly, in order, within their fragments', () => {
    fc.assert(
      fc.property(anyLayout, ({ layout, maxChunkBytes }) => {
        let at = 0;
        for (const span of dataSpans(layout)) {
          const shape = fragmentShape(layout, span.fragment);
          expect(span.offset).toBe(at);
          expect(span.lengthBytes).toBe(chunkLength(layout, span.fragment, span.index));
          expect(shape.chunkBytes).toBeLessThanOrEqual(Math.min(maxChunkBytes, layout.chunkBytes));
          expect(span.lengthBytes).toBeLessThanOrEqual(shape.chunkBytes);
          expect(span.offset + span.lengthBytes).toBeLessThanOrEqual(shape.offset + shape.lengthBytes);
          at += span.lengthBytes;
        }
        expect(at).toBe(layout.sizeBytes);
      }),
    );
  });

  test('chunks are as short as they can be, and the first is full', () => {
    fc.assert(
      fc.property(anyLayout, ({ layout }) => {
        for (let fragment = 0; fragment < layout.fragments; fragment++) {
          const shape = fragmentShape(layout, fragment);
          expect(shape.lengthBytes).toBeGreaterThan(0);
          expect(chunkLength(layout, fragment, 0)).toBe(shape.chunkBytes);
          expect((shape.chunkBytes - 1) * layout.dataChunks).toBeLessThan(shape.lengthBytes);
          if (fragment < layout.fragments - 1) expect(shape.lengthBytes).toBe(layout.fragmentBytes);
        }
      }),
    );
  });

  test('the spans of a range are its bytes, each once, in order', () => {
    fc.assert(
      fc.property(anyLayout, fc.nat(), fc.nat(), ({ layout }, one, other) => {
        const ends = [one % (layout.sizeBytes + 1), other % (layout.sizeBytes + 1)].sort((a, b) => a - b);
        const [start = 0, end = 0] = ends;
        let at = start;
        for (const span of spansOfRange(layout, { start, end })) {
          expect(span.start).toBe(at);
          for (const part of span.chunks) {
            const { offset, lengthBytes } = chunkSpan(layout, span.fragment, part.index);
            expect(offset + part.start).toBe(at);
            expect(part.end).toBeGreaterThan(part.start);
            expect(part.end).toBeLessThanOrEqual(lengthBytes);
            at = offset + part.end;
          }
          expect(span.end).toBe(at);
        }
        expect(at).toBe(end);
      }),
    );
  });
});
