import { crc32 } from 'node:zlib';
import type { ChunkId } from '@sion/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkMemory, chunkOverheadBytes } from './chunk-memory.ts';

const id = (counter: number): ChunkId => ({ epoch: 1, counter, fragment: 0, index: 0 });
const filled = (length: number, value: number) => new Uint8Array(length).fill(value);

function hold(memory: ChunkMemory, counter: number, bytes: Uint8Array) {
  return memory.store(id(counter), crc32(bytes), bytes).kind;
}

/** All entries, paged. */
function listAll(memory: ChunkMemory, limit: number, between: () => void = () => {}): number[] {
  const counters: number[] = [];
  for (;;) {
    const page = memory.page(counters.length, limit);
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    counters.push(...page.entries.map((entry) => entry.id.counter));
    if (!page.more) return counters;
    between();
  }
}

describe('chunk memory', () => {
  it('gives back what it holds, without a copy', () => {
    const memory = new ChunkMemory(1e6);
    const bytes = filled(100, 7);
    expect(hold(memory, 1, bytes)).toBe('held');
    const fetched = memory.fetch(id(1));
    expect(fetched).toEqual({ kind: 'hit', checksum: crc32(bytes), bytes });
    expect(fetched.kind === 'hit' && fetched.bytes === bytes).toBe(true);
    expect(memory.fetch(id(2))).toEqual({ kind: 'missing' });
  });

  it('holds the empty chunk', () => {
    const memory = new ChunkMemory(chunkOverheadBytes);
    expect(hold(memory, 1, new Uint8Array(0))).toBe('held');
    expect(memory.fetch(id(1))).toMatchObject({ kind: 'hit', checksum: 0 });
  });

  it('takes nothing whose checksum is wrong', () => {
    const memory = new ChunkMemory(1e6);
    expect(memory.store(id(1), 5, filled(10, 1))).toEqual({ kind: 'corrupt' });
    expect(memory).toMatchObject({ count: 0, usedBytes: 0, occupiedBytes: 0 });
  });

  it('uses the memory of what went again, but not while that is being sent', () => {
    const memory = new ChunkMemory(64e6);
    const put = (number: number) => {
      const bytes = memory.allocate(100_000);
      bytes.fill(number);
      expect(memory.store(id(number), crc32(bytes), bytes)).toEqual({ kind: 'held' });
      return bytes;
    };
    const first = put(1);
    const second = put(2);
    const sent = [memory.lend(second), memory.lend(second)];
    memory.evict(id(1));
    expect(put(3).buffer).toBe(first.buffer);
    sent[0]?.();
    memory.evict(id(2));
    expect(put(4).buffer).not.toBe(second.buffer);
    expect(second.every((byte) => byte === 2)).toBe(true);
    const fourth = memory.fetch(id(4));
    if (fourth.kind !== 'hit') throw new Error(fourth.kind);
    memory.lend(fourth.bytes)();
    memory.evict(id(4));
    expect(put(5).buffer).toBe(fourth.bytes.buffer);
  });

  it('takes the same chunk twice, but never other bytes under its name', () => {
    const memory = new ChunkMemory(1e6);
    expect(hold(memory, 1, filled(10, 1))).toBe('held');
    expect(hold(memory, 1, filled(10, 1))).toBe('held');
    expect(hold(memory, 1, filled(10, 2))).toBe('conflict');
    expect(memory).toMatchObject({ count: 1, usedBytes: 10 });
  });

  it('is full to the byte, each chunk with its overhead', () => {
    const memory = new ChunkMemory(300 + 2 * chunkOverheadBytes);
    expect(hold(memory, 1, filled(100, 1))).toBe('held');
    expect(hold(memory, 2, filled(201, 1))).toBe('capacity');
    expect(hold(memory, 2, filled(200, 1))).toBe('held');
    expect(memory.occupiedBytes).toBe(memory.capacityBytes);
    expect(hold(memory, 3, filled(0, 1))).toBe('capacity');
    memory.evict(id(1));
    expect(hold(memory, 3, filled(100, 1))).toBe('held');
  });

  it('counts reservations, once', () => {
    const memory = new ChunkMemory(100 + chunkOverheadBytes);
    const room = memory.reserve(100);
    expect(memory.reserve(0)).toBeUndefined();
    expect(hold(memory, 1, filled(1, 1))).toBe('capacity');
    const bytes = filled(100, 1);
    expect(room?.store({ id: id(2), checksum: crc32(bytes), lengthBytes: 100 }, bytes)).toEqual({ kind: 'held' });
    room?.release();
    room?.release();
    expect(memory).toMatchObject({ usedBytes: 100, occupiedBytes: 100 + chunkOverheadBytes });
    memory.evict(id(2));
    expect(memory.occupiedBytes).toBe(0);
  });

  it('keeps its accounts and its digest whatever happens', () => {
    const step = fc.record({
      do: fc.constantFrom('store', 'evict', 'reserve', 'release'),
      counter: fc.integer({ min: 1, max: 8 }),
      length: fc.integer({ min: 0, max: 3000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const memory = new ChunkMemory(12_000);
        const held = new Map<number, Uint8Array>();
        const rooms: { length: number; release: () => void }[] = [];
        const cost = () =>
          [...held.values(), ...rooms].reduce((sum, { length }) => sum + length + chunkOverheadBytes, 0);
        for (const { do: action, counter, length } of steps) {
          const fits = cost() + length + chunkOverheadBytes <= memory.capacityBytes;
          if (action === 'evict') {
            memory.evict(id(counter));
            held.delete(counter);
          } else if (action === 'reserve') {
            const room = memory.reserve(length);
            expect(room !== undefined).toBe(fits);
            if (room !== undefined) rooms.push({ length, release: room.release });
          } else if (action === 'release') {
            rooms.pop()?.release();
          } else if (!held.has(counter)) {
            const bytes = filled(length, counter);
            expect(hold(memory, counter, bytes)).toBe(fits ? 'held' : 'capacity');
            if (fits) held.set(counter, bytes);
          }
          expect(memory.occupiedBytes).toBe(cost());
        }
        const again = new ChunkMemory(12_000);
        for (const [counter, bytes] of held) hold(again, counter, bytes);
        expect(memory.digest()).toEqual(again.digest());
        expect(listAll(memory, 3)).toEqual([...held.keys()]);
      }),
      { numRuns: 300 },
    );
  });

  it('lists in pages, oldest first, and from any position', () => {
    const memory = new ChunkMemory(1e6);
    for (let counter = 1; counter <= 10; counter += 1) hold(memory, counter, filled(1, counter));
    expect(listAll(memory, 4)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(listAll(memory, 5)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(memory.page(8, 5)).toMatchObject({ entries: [{ id: id(9) }, { id: id(10) }], more: false });
    expect(memory.page(11, 5)).toEqual({ entries: [], more: false });
  });

  it('gives every chunk once also when some are evicted between pages', () => {
    const memory = new ChunkMemory(1e6);
    for (let counter = 1; counter <= 10; counter += 1) hold(memory, counter, filled(1, counter));
    let next = 1;
    expect(listAll(memory, 2, () => memory.evict(id(next++)))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});
