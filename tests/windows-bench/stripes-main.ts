/**
 * `npm run bench:stripes`: what a GET costs and how long it takes, by size of the object and by its chunks, from functions
 * that sleep and from functions that are awake. The real proxy and nodes in virtual time; SION_STRIPES is chosen by it.
 */
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { readSettings } from '@sion/components';
import { proxySettingsSchema } from '@sion/proxy';
import { payloadOf } from '@sion/workload';
import { runCommand, wholeNumber } from '../command-line/command-line.ts';
import { calmFacts } from '../virtual-fleet/calm-weather.ts';
import { TraceWorld } from './trace-world.ts';

const usage = `usage: npm run bench:stripes -- [options]
  --node-memory-mb N    memory of each function (1536)
  --gets N              of each kind, by size and chunks (20)
Exit code: 0, or 2 for a wrong option.`;

const [kib, mib] = [1024, 1024 * 1024];

/** Sizes of objects, each with the part of its bytes that is simulated. */
const sizes = [
  { name: '1 KiB', sizeBytes: kib, scale: 1 },
  { name: '128 KiB', sizeBytes: 128 * kib, scale: 1 },
  { name: '1 MiB', sizeBytes: mib, scale: 10 },
  { name: '2 MiB', sizeBytes: 2 * mib, scale: 10 },
  { name: '4 MiB', sizeBytes: 4 * mib, scale: 10 },
  { name: '8 MiB', sizeBytes: 8 * mib, scale: 10 },
  { name: '16 MiB', sizeBytes: 16 * mib, scale: 100 },
  { name: '32 MiB', sizeBytes: 32 * mib, scale: 100 },
  { name: '64 MiB', sizeBytes: 64 * mib, scale: 100 },
  { name: '128 MiB', sizeBytes: 128 * mib, scale: 100 },
] as const;

const stripes = ['1+1', '2+1', '4+1', '4+2', '10+2'] as const;

/** Long enough for functions to fall asleep, short enough for their instances to stay. */
const asleepMs = 30_000;

const kinds = [
  ['asleep', `one GET each ${asleepMs / 1000} s: each wakes its functions, which may send a burst`],
  ['awake', 'one GET after the other: functions linger, and may send bursts'],
  ['sustained', 'the same when their bursts are spent'],
] as const;
type Kind = (typeof kinds)[number][0];

/** Of one GET. */
interface Figures {
  readonly usd: number;
  readonly medianMs: number;
}

const { latencyUsdPerSecond } = readSettings(proxySettingsSchema, { environment: {} });

interface Wanted {
  readonly nodeMemoryMb: number;
  readonly gets: number;
}

function readOptions(): Wanted | undefined {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  const { values } = parseArgs({
    options: { help: { type: 'boolean', default: false }, 'node-memory-mb': text('1536'), gets: text('20') },
  });
  if (values.help) return undefined;
  return {
    nodeMemoryMb: wholeNumber('--node-memory-mb', values['node-memory-mb'], 10_240),
    gets: wholeNumber('--gets', values.gets, 10_000),
  };
}

async function measure(
  { nodeMemoryMb, gets }: Wanted,
  { sizeBytes, scale }: (typeof sizes)[number],
  stripe: string,
  kind: Kind,
): Promise<Figures> {
  const world = await TraceWorld.start({
    ...{ nodes: 12, nodeMemoryMb, windowSeconds: 3600, activeWindows: 6, degradedWindows: 12 },
    ...{ stripes: `*=${stripe}`, scale, meanChunkBytes: sizeBytes / scale, reclaimedPerHour: 0 },
    ...{ placeOnPut: true, placeOnRead: 'first', rotateSeconds: 0, lifeMinutes: 0, isSustained: kind === 'sustained' },
  });
  const bytes = payloadOf('k', 1, Math.round(sizeBytes / scale));
  const get = async () => {
    const beganMs = world.time.nowMs;
    const got = await world.pass(world.get('k'));
    if (got?.source !== 'memory') throw new Error(`a read of ${stripe} came from ${got?.source ?? 'nowhere'}`);
    if (!Buffer.from(got.bytes).equals(bytes)) throw new Error('a read gave other bytes than were written');
    return world.time.nowMs - beganMs;
  };
  const usd = () => world.service.metrics.snapshot().costUsd.serving;
  await world.pass(world.put('k', bytes));
  await world.pass(world.sleep(asleepMs));
  const beforeUsd = usd();
  const tookMs: number[] = [];
  for (let count = 0; count < gets; count++) {
    tookMs.push(await get());
    if (kind === 'asleep') await world.pass(world.sleep(asleepMs));
  }
  await world.pass(world.sleep(asleepMs));
  return { usd: (usd() - beforeUsd) / gets, medianMs: tookMs.sort((a, b) => a - b)[gets >> 1] ?? 0 };
}

/** What a GET costs in all: functions, and waiting at the price that the proxy puts on it. */
function sumUsd({ usd, medianMs }: Figures): number {
  return usd + (medianMs / 1000) * latencyUsdPerSecond;
}

async function run(wanted: Wanted): Promise<number> {
  console.log(`command: npm run bench:stripes -- ${process.argv.slice(2).join(' ')}`);
  console.log(
    `machine: ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; Node ${process.version}; virtual time: ${calmFacts}`,
  );
  console.log(`functions of ${wanted.nodeMemoryMb} MB; medians, and dollars of functions for a million GETs`);
  const all = new Map<string, Figures>();
  for (const [kind, explained] of kinds) {
    console.log(`\n${kind}: ${explained}\n`);
    console.log(`| object | ${stripes.map((stripe) => `${stripe}: ms | $`).join(' | ')} |`);
    console.log(`|---|${'---|---|'.repeat(stripes.length)}`);
    for (const size of sizes) {
      const cells: string[] = [];
      for (const stripe of stripes) {
        const figures = await measure(wanted, size, stripe, kind);
        all.set(`${kind} ${size.name} ${stripe}`, figures);
        cells.push(`${figures.medianMs.toFixed(1)} | ${(figures.usd * 1e6).toFixed(2)}`);
      }
      console.log(`| ${size.name} | ${cells.join(' | ')} |`);
    }
  }
  console.log('\nwith waiting at its price, one GET asleep and one sustained: $ for a million\n');
  console.log(`| object | ${stripes.join(' | ')} |\n|---|${'---|'.repeat(stripes.length)}`);
  for (const { name } of sizes) {
    const sums = stripes.map((stripe) =>
      (['asleep', 'sustained'] as const).reduce((sum, kind) => {
        const figures = all.get(`${kind} ${name} ${stripe}`);
        return sum + (figures === undefined ? 0 : sumUsd(figures) * 1e6);
      }, 0),
    );
    const least = Math.min(...sums);
    const cells = sums.map((sum) => (sum === least ? `**${sum.toFixed(1)}**` : sum.toFixed(1)));
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
  return 0;
}

await runCommand(usage, readOptions, run);
