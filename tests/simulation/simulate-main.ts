/**
 * `npm run simulate -- --seeds N [--seed S] [--operations N] [--first-failure] [--log]`: so many simulations, from random
 * seeds or from the one given. A failing one prints its seed, what is wrong, and its history; the exit code is then 1.
 */
import { parseArgs } from 'node:util';
import { randomHex, systemClock, systemRandom } from '@sion/components';
import { simulate } from './simulation.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    seed: { type: 'string' },
    operations: { type: 'string', default: '2000' },
    'first-failure': { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
  },
});
const count = values.seed === undefined ? Number(values.seeds) : 1;
const totals = new Map<string, number>();
let failed = 0;
for (let run = 0; run < count; run++) {
  const seed = values.seed ?? randomHex(systemRandom, 6);
  const begunMs = systemClock.monotonicMs();
  const report = await simulate({ seed, operations: Number(values.operations) });
  const read = [...report.reads].map(([source, times]) => [`read: ${source}`, times] as const);
  for (const [kind, times] of [...report.faults, ...read]) totals.set(kind, (totals.get(kind) ?? 0) + times);
  const tookMs = systemClock.monotonicMs() - begunMs;
  const hours = (report.virtualMs / 3_600_000).toFixed(2);
  const verdict = report.problems.length === 0 ? 'holds' : 'FAILS';
  console.log(
    `${seed}  ${verdict}  ${report.operations} operations, ${hours} virtual hours, ${report.events} events, ` +
      `${(tookMs / 1000).toFixed(1)} s, ${report.digest.slice(0, 16)}`,
  );
  if (report.problems.length > 0) failed++;
  if (report.problems.length > 0 || values.log) console.log(`${report.log}\n\n${report.problems.join('\n')}\n`);
  if (failed > 0 && values['first-failure']) break;
}
for (const [kind, times] of [...totals].sort(([a], [b]) => (a < b ? -1 : 1)))
  console.log(`${String(times).padStart(8)}  ${kind}`);
if (failed > 0) {
  console.log(`${failed} of ${count} fail; run one again with: npm run simulate -- --seed SEED`);
  process.exitCode = 1;
}
