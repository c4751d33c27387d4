import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Slab, SlabPool } from './slab-pool.ts';

describe('a pool of slabs', () => {
  test('hands out what fits, each slab by itself, and says when nothing does', () => {
    const pool = new SlabPool(new ArrayBuffer(1024), 100, 1000);
    expect(pool.totalBytes).toBe(832);
    const one = pool.take(100);
    const two = pool.take(600);
    expect(one?.bytes.length).toBe(100);
    expect(one?.bytes.byteOffset).toBe(128);
    expect(two?.bytes.byteOffset).toBe(256);
    expect(pool.take(65)).toBeUndefined();
    expect(pool.take(64)?.bytes.byteOffset).toBe(896);
    expect([pool.slabs, pool.usedBytes]).toEqual([3, 832]);
  });

  test('takes a slab back once, however often it is given', () => {
    const pool = new SlabPool(new ArrayBuffer(256), 0, 256);
    const slab = pool.take(256);
    slab?.release();
    slab?.release();
    expect([pool.slabs, pool.usedBytes]).toEqual([0, 0]);
    expect(pool.take(256)).toBeDefined();
  });

  test('an empty pool has no slabs', () => {
    expect(new SlabPool(new ArrayBuffer(0), 0, 0).take(0)).toBeUndefined();
  });

  test('whatever is taken and given back: no two overlap, and in the end it is whole again', () => {
    const anyMoves = fc.array(fc.record({ take: fc.boolean(), size: fc.nat(3_000), which: fc.nat() }), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(anyMoves, (moves) => {
        const pool = new SlabPool(new ArrayBuffer(20_000), 64, 20_000);
        const out: Slab[] = [];
        for (const { take, size, which } of moves) {
          const slab = take ? pool.take(size) : undefined;
          if (slab !== undefined) {
            const [start, end] = [slab.bytes.byteOffset, slab.bytes.byteOffset + size];
            for (const { bytes } of out) {
              const apart = bytes.byteOffset + bytes.length <= start || bytes.byteOffset >= end;
              if (!apart) expect.fail(`[${start}, ${end}) overlaps a slab at ${bytes.byteOffset}`);
            }
            out.push(slab);
          } else if (!take && out.length > 0) out.splice(which % out.length, 1)[0]?.release();
        }
        expect(pool.slabs).toBe(out.length);
        for (const slab of out) slab.release();
        expect(pool.usedBytes).toBe(0);
        expect(pool.take(pool.totalBytes)).toBeDefined();
      }),
    );
  });
});
