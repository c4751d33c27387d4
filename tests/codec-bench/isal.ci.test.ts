/** Every parity byte beside ISA-L's own, for shapes and lengths of all kinds; `.ci/run` brings gcc and the library. */
import { createErasure } from '@sion/erasure';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BenchFragment, erasureFor } from './bench-fragment.ts';
import { compileIsal, IsalPeer, type IsalProgram } from './isal-peer.ts';

describe('parity and rebuilt chunks are those of ISA-L', () => {
  let program: IsalProgram | undefined;

  beforeAll(async () => {
    program = await compileIsal((line) => expect.fail(line));
  });
  afterAll(() => program?.remove());

  test.each<[number, number]>([
    [1, 1],
    [2, 1],
    [4, 2],
    [10, 1],
    [10, 2],
    [12, 2],
    [3, 3],
    [10, 4],
  ])('%d+%d', async (dataChunks, parityChunks) => {
    for (const chunkBytes of [1, 63, 64, 1_000, 16_384, 16_385, 300_001]) {
      const peer = new IsalPeer(program ?? expect.fail(), dataChunks, parityChunks, chunkBytes);
      const expected = await peer.verify();
      await peer.stop();
      const simd = erasureFor(dataChunks, parityChunks, chunkBytes);
      for (const [erasure, place] of [
        [simd, 'slabs'],
        [simd, 'elsewhere'],
        [createErasure({ prefer: 'tables' }), 'elsewhere'],
      ] as const) {
        const fragment = new BenchFragment(erasure, place, [dataChunks, parityChunks], chunkBytes);
        expect(fragment.verify(), `${erasure.kind}, ${place}, ${chunkBytes} bytes`).toBe(expected);
      }
    }
  });
});
