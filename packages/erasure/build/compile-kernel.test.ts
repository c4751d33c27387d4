import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { compileKernel, kernelFile } from './compile-kernel.ts';

test('the committed kernel is what its source compiles to, byte for byte', async () => {
  const committed = await readFile(kernelFile);
  expect(Buffer.compare(committed, await compileKernel()), 'npm run kernel -w packages/erasure makes it anew').toBe(0);
});
