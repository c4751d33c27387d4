import { expect, it } from 'vitest';
import type { FragmentBytes } from '../memory/fragment-read.ts';
import { ArrivingChunks } from './arriving-chunks.ts';

const [first, second, third] = [Buffer.from('a'), Buffer.from('b'), Buffer.from('c')] as const;

function create() {
  const read = Promise.withResolvers<FragmentBytes>();
  let arrive: (index: number, chunk: Uint8Array) => void = () => {};
  const chunks = new ArrivingChunks((tell) => {
    arrive = tell;
    return read.promise;
  });
  const end = (bytes: readonly (Uint8Array | undefined)[]) =>
    read.resolve({ chunks: bytes, decoded: false, storeRequests: 0, nodes: [] });
  return { chunks, arrive: (index: number, chunk: Uint8Array) => arrive(index, chunk), end, fail: read.reject };
}

it('a chunk is there before the others are', async () => {
  const { chunks, arrive } = create();
  arrive(1, second);
  const wanted = chunks.chunk(0);
  arrive(0, first);
  expect([await wanted, await chunks.chunk(1)]).toEqual([first, second]);
  expect(chunks.isWhole).toBe(false);
});

it('what was not told of comes with the end of the read', async () => {
  const { chunks, arrive, end } = create();
  arrive(0, first);
  const wanted = chunks.chunk(2);
  end([first, second, third]);
  expect(await wanted).toBe(third);
  expect(chunks.isWhole).toBe(true);
  expect(await chunks.chunk(1)).toBe(second);
});

it('what has come stands when the read fails, the rest fails with it', async () => {
  const { chunks, arrive, fail } = create();
  arrive(0, first);
  fail(new Error('gone'));
  expect(await chunks.chunk(0)).toBe(first);
  await expect(chunks.chunk(1)).rejects.toThrow('gone');
});

it('a read that ends without a wanted chunk is a defect', async () => {
  const { chunks, end } = create();
  end([undefined]);
  await expect(chunks.chunk(0)).rejects.toMatchObject({ code: 'internal' });
});
