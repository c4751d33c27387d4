/** Every input of the corpus, valid ones and those that once were trouble, and a short run of the fuzzer with a fixed seed. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inputsOf, readCorpus } from './input.ts';
import type { FuzzTarget } from './target.ts';
import { openTarget, targetNames } from './targets.ts';

describe.each(targetNames)('%s', (name) => {
  let target: FuzzTarget;

  beforeAll(async () => {
    target = await openTarget(name);
  });

  afterAll(async () => {
    await target.settle();
    await target.close();
  });

  const corpus = readCorpus(name);

  it('has a corpus', () => {
    expect(corpus.length).toBeGreaterThan(0);
  });

  it.each(corpus)('$name: $why', async (entry) => {
    await target.run(entry);
  });

  it('survives inputs made from the corpus', async () => {
    await fc.assert(
      fc.asyncProperty(inputsOf(target.material), (input) => target.run(input)),
      { seed: 1, numRuns: 300 },
    );
  });
});
