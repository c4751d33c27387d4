import { expect, it } from 'vitest';
import { nodeCapacityBytes } from './node-capacity.ts';

const mib = 2 ** 20;

it.each([
  [1536, 1292.4],
  [512, 370.8],
  [256, 124],
  [192, 60],
  [128, -4],
])('a function of %i MiB takes %d MiB of chunks', (memoryMb, capacityMb) => {
  expect(nodeCapacityBytes(memoryMb)).toBe(Math.floor(capacityMb * mib));
});

it('goes by what is reserved', () => {
  expect(nodeCapacityBytes(1124, 100, 0.5)).toBe(512 * mib);
  expect(nodeCapacityBytes(1124, 612, 0)).toBe(480 * mib);
});
