/** The same trials over Debian's radosgw. */
import { expect, inject, test } from 'vitest';
import { radosgwBucket } from '../radosgw/radosgw.ts';
import { runTrial } from './trial.ts';

test.each([1, 2, 3, 4])('the engine over radosgw among faults (seed %i)', async (seed) => {
  const target = { endpoint: inject('radosgwEndpoint'), bucket: radosgwBucket, requestMs: 1000 };
  const report = await runTrial(seed, target);
  if (report.problems.length > 0) console.log(report.log);
  expect(report.problems).toEqual([]);
  expect(report.faults).toBeGreaterThan(0);
});
