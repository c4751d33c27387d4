/**
 * `npm run chaos`: the real local fleet under verified load while its parts are killed, paused and reclaimed. Exit codes:
 * 0 nothing was lost and nothing was wrong, 1 something was, 2 wrong options, 130 interrupted. A failing run keeps its
 * folder with the data, the logs and the history; a good one leaves nothing.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomHex, systemRandom } from '@sion/components';
import { runCommand } from '../command-line/command-line.ts';
import { ChaosRun, leaseTtlMs } from './chaos.ts';
import { Fleet } from './fleet.ts';
import { type ChaosOptions, readOptions, usage } from './options.ts';
import { Progress } from './progress.ts';
import { type ChaosReport, renderReport } from './report-text.ts';

/** A busy machine takes long to start all of it. */
const startMs = 120_000;

async function run(options: ChaosOptions): Promise<number> {
  const progress = new Progress(process.stdout);
  progress.say(`chaos for ${options.minutes} min, seed ${options.seed}, durability ${options.durability}`);
  const given = Object.entries(process.env).filter(([name]) => name.startsWith('SION_'));
  const fleet = await Fleet.launch({ leaseTtlMs, environment: Object.fromEntries(given) });
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) fleet.kill();
      progress.say('Interrupted: the fleet is stopped, and what was seen is judged. Once more kills the fleet.');
      interrupted.abort();
    });
  }
  try {
    await fleet.untilServing(startMs);
    progress.say(`the fleet serves; its folder is ${fleet.dataDir}`);
    const chaos = new ChaosRun(options, fleet, progress, interrupted.signal);
    const report = await chaos.run();
    progress.end();
    console.log(renderReport(report));
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, undefined, 1)}\n`);
    return await leave(report, chaos, fleet.dataDir);
  } finally {
    fleet.kill();
  }
}

/** Tidies up, or says where what is needed to find the fault lies; gives the exit code. */
async function leave(report: ChaosReport, chaos: ChaosRun, dataDir: string): Promise<number> {
  if (report.problems.length === 0) await rm(dataDir, { recursive: true, force: true });
  else {
    const history = join(dataDir, 'history.txt');
    await writeFile(history, chaos.history());
    console.log(`The data folder and its logs are left in ${dataDir}; what happened is in ${history}`);
  }
  if (report.isInterrupted) return 130;
  return report.problems.length > 0 ? 1 : 0;
}

await runCommand(usage, () => readOptions(process.argv.slice(2), randomHex(systemRandom, 4)), run);
