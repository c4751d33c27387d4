/** The parts together: which codec it is, and what coding copies, counted. */
import { describe, expect, test } from 'vitest';
import { createErasure, type Erasure } from './erasure.ts';
import { givesKnownAnswers } from './known-answers.ts';
import { TableCodec } from './table-codec.ts';

describe('which codec', () => {
  test('is SIMD here, and tables when asked for', () => {
    expect(createErasure().kind).toBe('simd');
    expect(createErasure({ prefer: 'tables' }).kind).toBe('tables');
  });

  test('the known answers tell a codec that is wrong', () => {
    expect(givesKnownAnswers((data, parity) => new TableCodec(data, parity))).toBe(true);
    const wrong = (data: number, parity: number) => {
      const codec = new TableCodec(data, parity);
      const encode = codec.encode.bind(codec);
      codec.encode = (chunks, made) => {
        encode(chunks, made);
        for (const chunk of made) chunk[95] = (chunk[95] ?? 0) ^ 1;
      };
      return codec;
    };
    expect(givesKnownAnswers(wrong)).toBe(false);
  });

  test('is the same one for a shape each time', () => {
    const erasure = createErasure();
    expect(erasure.codec(4, 2)).toBe(erasure.codec(4, 2));
    expect(erasure.codec(4, 2)).not.toBe(erasure.codec(4, 1));
  });

  test('slabs of ordinary memory where there is no SIMD', () => {
    const erasure = createErasure({ prefer: 'tables', slabBytes: 1_000 });
    expect(erasure.takeSlab(1_000)).toBeUndefined();
    expect(erasure.takeSlab(900)?.bytes.length).toBe(900);
    expect(erasure.slabs.slabs).toBe(1);
  });
});

/** Bytes that were copied per byte of data, coding 10+2 once. */
function copiedPerByte(erasure: Erasure, chunkBytes: number, memory: (lengthBytes: number) => Uint8Array): number {
  const codec = erasure.codec(10, 2);
  const [data, parity] = [10, 2].map((count) => Array.from({ length: count }, () => memory(chunkBytes)));
  const before = erasure.copiedBytes;
  codec.encode(data ?? [], parity ?? []);
  return (erasure.copiedBytes - before) / (10 * chunkBytes);
}

describe('bytes copied per encoded byte', () => {
  const erasure = createErasure({ slabBytes: 32 * 1024 * 1024 });
  const slab = (lengthBytes: number) => erasure.takeSlab(lengthBytes)?.bytes ?? expect.fail('no slab');

  test('none in slabs, but for what is left of a step', () => {
    expect(copiedPerByte(erasure, 1024 * 1024, slab)).toBe(0);
    expect(copiedPerByte(erasure, 1_000_000 + 5, slab) * 10 * 1_000_005).toBe(12 * (1_000_005 % 64));
  });

  test('elsewhere each byte once, data in and parity out', () => {
    expect(copiedPerByte(erasure, 1024 * 1024, (lengthBytes) => new Uint8Array(lengthBytes))).toBe(1.2);
  });

  test('rebuilding two chunks copies nothing in slabs', () => {
    const data = Array.from({ length: 8 }, () => slab(128 * 1024));
    const parity = Array.from({ length: 2 }, () => slab(128 * 1024));
    const targets = new Map([0, 1].map((index) => [index, slab(128 * 1024)]));
    const before = erasure.copiedBytes;
    erasure.codec(10, 2).rebuildInto([undefined, undefined, ...data, ...parity], targets);
    expect(erasure.copiedBytes).toBe(before);
  });
});
