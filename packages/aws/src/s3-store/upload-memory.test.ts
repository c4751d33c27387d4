import { expect, test } from 'vitest';
import { UploadMemory } from './upload-memory.ts';

test('many at once never hold more than there is, and all come to their turn', async () => {
  const [partBytes, totalBytes] = [1000, 6000];
  const memory = new UploadMemory(totalBytes, partBytes);
  let heldBytes = 0;
  let mostBytes = 0;
  let turns = 0;
  const upload = async (_: unknown, index: number) => {
    for (let part = 0; part < 13; part += 1) {
      const lengthBytes = (index + part) % 3 === 0 ? 1 + ((index * 37 + part * 101) % partBytes) : partBytes;
      const taken = await memory.take(lengthBytes);
      heldBytes += lengthBytes;
      mostBytes = Math.max(mostBytes, heldBytes);
      await new Promise((resolve) => setImmediate(resolve));
      heldBytes -= lengthBytes;
      taken.release();
      taken.release();
      turns += 1;
    }
  };
  await Promise.all(Array.from({ length: 64 }, upload));
  expect(turns).toBe(64 * 13);
  expect(mostBytes).toBeLessThanOrEqual(totalBytes);
  expect(mostBytes).toBeGreaterThan(totalBytes - partBytes);
});

test('memory that could not hold a part is refused', () => {
  expect(() => new UploadMemory(999, 1000)).toThrow(RangeError);
});
