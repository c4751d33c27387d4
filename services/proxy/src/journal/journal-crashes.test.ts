/** The journal in trials with crashes and failing disks, one for each seed. */
import { expect, test } from 'vitest';
import { JournalTrial } from './journal-trial.test-data.ts';

test('of each name an opening tells what the last certain change has left, whatever crashed and failed', async () => {
  const told = new Map<string, number>();
  for (let seed = 0; seed < 60; seed++) {
    const trial = new JournalTrial(seed);
    try {
      await trial.run(60);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    for (const [kind, count] of trial.told) told.set(kind, (told.get(kind) ?? 0) + count);
  }
  const kinds = ['append done put', 'append done delete', 'append indeterminate', 'append unavailable', 'forget done'];
  for (const kind of [...kinds, 'opening failed', 'blob failed', 'retired']) expect(told.get(kind)).toBeGreaterThan(20);
});
