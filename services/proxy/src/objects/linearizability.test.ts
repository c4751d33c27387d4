/**
 * The engine under seeded faults. SION_TRIALS sets how many seeds are tried, SION_TRIAL names a single one, whose history
 * is printed in full.
 */
import { describe, expect, it } from 'vitest';
import { runTrial, type TrialReport } from './trial/trial.test-data.ts';

const trials = Number(process.env['SION_TRIALS'] ?? 400);
const single = process.env['SION_TRIAL'];

function describeFailure({ seed, problems, log }: TrialReport): string {
  return `SION_TRIAL=${seed}\n${log}\n\nseed ${seed}:\n${problems.join('\n')}`;
}

describe('whatever happens to store, nodes and proxy', { timeout: 60_000 + trials * 500 }, () => {
  it('each key behaves as if its operations came one after the other, and nothing is left over', async () => {
    const seeds = single === undefined ? Array.from({ length: trials }, (_, index) => index + 1) : [single];
    const failures: TrialReport[] = [];
    for (const seed of seeds) {
      const report = await runTrial(seed);
      if (single !== undefined) console.log(describeFailure(report));
      if (report.problems.length > 0) failures.push(report);
    }
    const first = failures[0];
    if (first !== undefined) console.log(describeFailure(first));
    expect(failures.map(({ seed, problems }) => `${seed}: ${problems[0]}`)).toEqual([]);
  });

  it('a seed replays exactly', async () => {
    const [first, second] = [await runTrial('replay'), await runTrial('replay')];
    expect(first.operations).toBeGreaterThan(10);
    expect(second.log).toBe(first.log);
  });
});
