import { expect, it } from 'vitest';
import { ReusedMemory } from './reused-memory.ts';

const grain = 64 * 1024;

it('memory that was given back is used again, for about the same length', () => {
  const memory = new ReusedMemory(10 * grain);
  const first = memory.take(3 * grain - 5);
  expect(first).toHaveLength(3 * grain - 5);
  memory.giveBack(first.subarray(7));
  const second = memory.take(2 * grain + 1);
  expect(second.buffer).toBe(first.buffer);
  expect(second).toHaveLength(2 * grain + 1);
  expect(memory.take(2 * grain + 1).buffer).not.toBe(first.buffer);
  expect(memory.allocatedBytes).toBe(6 * grain);
});

it('what is given back twice, or is not of it, is handed out once at most', () => {
  const memory = new ReusedMemory(10 * grain);
  const mine = memory.take(grain);
  memory.giveBack(mine);
  memory.giveBack(mine);
  memory.giveBack(new Uint8Array(grain));
  memory.giveBack(memory.take(10));
  expect(memory.idleBytes).toBe(grain);
  expect(memory.take(grain).buffer).toBe(mine.buffer);
  expect(memory.take(grain).buffer).not.toBe(mine.buffer);
});

it('keeps no more than its bound, and of that what was given back last', () => {
  const memory = new ReusedMemory(4 * grain);
  const many = Array.from({ length: 3 }, () => memory.take(grain));
  const large = memory.take(3 * grain);
  const tooLarge = memory.take(5 * grain);
  for (const bytes of [...many, large, tooLarge]) memory.giveBack(bytes);
  expect(memory.idleBytes).toBe(4 * grain);
  expect(memory.take(3 * grain).buffer).toBe(large.buffer);
});
