/**
 * `npm run simulate -- --seeds N [--seed S] [--operations N] [--first-failure] [--log]`: so many simulations, from random
 * seeds or from the one given. A failing one prints its seed, what is wrong, and its history; the exit code is then 1, and
 * 2 when an option is wrong.
 */
import { parseArgs } from 'node:util';
import { randomHex, systemClock, systemRandom } from '@sion/components';
import { type SimulationReport, simulate } from './simulation.ts';

const usage =
  'usage: npm run simulate -- [--seeds N] [--seed S] [--operations N] [--first-failure] [--log]   (N is a whole number from 1)';

interface Wanted {
  readonly seeds: number;
  readonly seed: string | undefined;
  readonly operations: number;
  readonly firstFailure: boolean;
  readonly log: boolean;
}

/** Undefined when an option is wrong, or help is asked for. */
function readWanted(): Wanted | undefined {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '10' },
        seed: { type: 'string' },
        operations: { type: 'string', default: '2000' },
        'first-failure': { type: 'boolean', default: false },
        log: { type: 'boolean', default: false },
      },
    });
    const [seeds, operations] = [Number(values.seeds), Number(values.operations)];
    const areCounts = [seeds, operations].every((count) => Number.isSafeInteger(count) && count >= 1);
    if (!areCounts) return undefined;
    return { seeds, seed: values.seed, operations, firstFailure: values['first-failure'], log: values.log };
  } catch {
    return undefined;
  }
}

function print(report: SimulationReport, tookMs: number, withLog: boolean): void {
  const { seed, problems, operations, virtualMs, events, digest, log } = report;
  console.log(
    `${seed}  ${problems.length === 0 ? 'holds' : 'FAILS'}  ${operations} operations, ` +
      `${(virtualMs / 3_600_000).toFixed(2)} virtual hours, ${events} events, ${(tookMs / 1000).toFixed(1)} s, ` +
      digest.slice(0, 16),
  );
  if (problems.length > 0 || withLog) console.log(`${log}\n\n${problems.join('\n')}\n`);
}

async function run({ seeds, seed: given, operations, firstFailure, log }: Wanted): Promise<void> {
  const totals = new Map<string, number>();
  let failed = 0;
  for (let done = 0; done < (given === undefined ? seeds : 1); done++) {
    const begunMs = systemClock.monotonicMs();
    const report = await simulate({ seed: given ?? randomHex(systemRandom, 6), operations });
    print(report, systemClock.monotonicMs() - begunMs, log);
    const read = [...report.reads].map(([source, times]) => [`read: ${source}`, times] as const);
    for (const [kind, times] of [...report.faults, ...read]) totals.set(kind, (totals.get(kind) ?? 0) + times);
    if (report.problems.length > 0) failed++;
    if (failed > 0 && firstFailure) break;
  }
  for (const [kind, times] of [...totals].sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`${String(times).padStart(8)}  ${kind}`);
  }
  if (failed === 0) return;
  console.log(`${failed} failed; run one again with: npm run simulate -- --seed SEED --operations ${operations}`);
  process.exitCode = 1;
}

const wanted = readWanted();
if (wanted === undefined) {
  console.error(usage);
  process.exitCode = 2;
} else {
  await run(wanted);
}
