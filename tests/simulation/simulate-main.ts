/**
 * `npm run simulate -- --seeds N`: so many simulations, as many at a time as there are cores, from random seeds or from
 * those that are named. A failing one prints its seed, what is wrong, and its history, and is named once more at the end,
 * where the log of a long run is read first. The exit code is then 1, and 2 when an option is wrong.
 */
import { randomHex, systemClock, systemRandom } from '@sion/components';
import { runCommand } from '../command-line/command-line.ts';
import { readWanted, usage, type Wanted } from './options.ts';
import { simulateAll } from './parallel.ts';
import type { SimulationReport } from './simulation.ts';
import { Totals } from './totals.ts';

function print({ seed, problems, operations, virtualMs, events, digest, log, tally }: SimulationReport): void {
  const losses = [...tally.losses.values()].reduce((sum, count) => sum + count, 0);
  const overlap = (100 * tally.overlapping) / Math.max(1, tally.calls);
  console.log(
    `${seed}  ${problems.length === 0 ? 'holds' : 'FAILS'}  ${operations} operations, ` +
      `${(virtualMs / 3_600_000).toFixed(2)} virtual hours, ${events} events, ${losses} instances lost, ` +
      `${overlap.toFixed(0)} % overlap a fault, ${digest.slice(0, 16)}`,
  );
  if (log !== '') console.log(`${log}\n\n${problems.join('\n')}\n`);
}

function seedsOf({ seeds, seed, series }: Wanted): readonly string[] {
  if (seed !== undefined) return [seed];
  return Array.from({ length: seeds }, (_, index) =>
    series === undefined ? randomHex(systemRandom, 6) : `${series}-${index + 1}`,
  );
}

async function run(wanted: Wanted): Promise<number> {
  const { operations, jobs, firstFailure, log } = wanted;
  const begunMs = systemClock.monotonicMs();
  const totals = new Totals();
  const failures: string[] = [];
  const simulations = seedsOf(wanted).map((seed) => ({ seed, operations, withLog: log }));
  for await (const report of simulateAll(simulations, jobs)) {
    print(report);
    totals.add(report);
    const { seed, problems } = report;
    if (problems.length > 0) failures.push(`${seed}: ${problems.join('; ')}`);
    if (totals.failed > 0 && firstFailure) break;
  }
  console.log(`${totals.render()}\n${((systemClock.monotonicMs() - begunMs) / 1000).toFixed(0)} s`);
  if (totals.failed === 0) return 0;
  console.log(
    `${failures.join('\n')}\n` +
      `${totals.failed} failed; run one again with: npm run simulate -- --seed SEED --operations ${operations}`,
  );
  return 1;
}

await runCommand(usage, () => readWanted(process.argv.slice(2)), run);
