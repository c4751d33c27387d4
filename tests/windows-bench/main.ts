/**
 * `npm run bench:windows -- --trace FILE`: a recorded workload against the real proxy and nodes in virtual time. Tells what
 * memory serves, holds and costs beside the ideal cache of the same horizon and InfiniStore's warm-up. Exit code 1 when a
 * goal is missed, 2 when an option is wrong or the trace cannot be read.
 */
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { crc32 } from 'node:zlib';
import { defaultStripes, parseStripes, placingReads } from '@sion/core';
import { planReplay, type ReplayStep, readTrace, type TraceRecord } from '@sion/workload';
import { choice, number, runCommand, WrongOption, wholeNumber } from '../command-line/command-line.ts';
import { measure, type WindowsChoice } from './measure.ts';
import { judge, plotOf, rowOf, sweepHead, tableOf } from './report.ts';
import { sweepOf } from './sweep.ts';

const usage = `usage: npm run bench:windows -- --trace FILE [options]
  --trace FILE          IBM registry, IBM COS, Azure or Twitter; .gz or plain
  --key KIND            of registry traces: uri or digest (uri)
  --hours N             of the trace, from its beginning (30)
  --first-touch HOW     put: an object is written right before its first read; exists: it lies in the store (put)
  --window-seconds N    length of a window (600)
  --active N            active windows (6)
  --degraded N          degraded windows, 0 or more (12)
  --nodes N             functions that there are (400)
  --node-memory-mb N    memory of each (1536)
  --stripes TABLE       as SION_STRIPES (${defaultStripes})
  --place-on-put WHICH  yes or no: whether a write is placed (yes)
  --place-on-read WHICH first, second or never: which read places what is not (first)
  --rotate-seconds N    age at which groups take no new data; 0 = any (3600)
  --life-minutes N      age at which the provider takes an instance, give or take; 0 = any (0)
  --sample SHARE        of the objects, with all their requests (1)
  --reclaimed-per-hour N  instances that the provider takes (0; the paper saw 21.7)
  --scale N             bytes are a so many-th (1000)
  --sweep               the same for many settings; no goals
  --plot FILE           of the sweep, as SVG
Exit code: 0 every goal was met, 1 one was missed, 2 a wrong option or a trace that cannot be read.`;

interface Wanted {
  readonly trace: string;
  readonly registryKey: 'uri' | 'digest';
  readonly hours: number;
  readonly sample: number;
  readonly firstTouch: 'put' | 'exists';
  readonly choice: WindowsChoice;
  readonly isSweep: boolean;
  readonly plot: string | undefined;
}

function readOptions(): Wanted | undefined {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      sweep: { type: 'boolean', default: false },
      trace: { type: 'string' },
      plot: { type: 'string' },
      ...{ key: text('uri'), hours: text('30'), 'first-touch': text('put'), 'window-seconds': text('600') },
      ...{ active: text('6'), degraded: text('12'), nodes: text('400'), 'node-memory-mb': text('1536') },
      ...{
        stripes: text(defaultStripes),
        'place-on-put': text('yes'),
        'place-on-read': text('first'),
        'reclaimed-per-hour': text('0'),
        'rotate-seconds': text('3600'),
        'life-minutes': text('0'),
        sample: text('1'),
        scale: text('1000'),
      },
    },
  });
  if (values.help) return undefined;
  if (values.trace === undefined) throw new WrongOption('--trace is missing. Name a file with a recorded workload.');
  const sample = number('--sample', values.sample, 1);
  if (sample === 0) throw new WrongOption('--sample must be a share, above 0 and at most 1.');
  if (values.plot !== undefined && !values.sweep) throw new WrongOption('--plot is for a --sweep only.');
  const nodes = wholeNumber('--nodes', values.nodes, 1000);
  return {
    trace: values.trace,
    registryKey: choice('--key', values.key, ['uri', 'digest'] as const),
    sample,
    hours: wholeNumber('--hours', values.hours),
    firstTouch: choice('--first-touch', values['first-touch'], ['put', 'exists'] as const),
    isSweep: values.sweep,
    plot: values.plot,
    choice: {
      windowSeconds: wholeNumber('--window-seconds', values['window-seconds'], 86_400),
      activeWindows: wholeNumber('--active', values.active, 1000),
      degradedWindows: wholeNumber('--degraded', values.degraded, 1000, 0),
      nodes,
      nodeMemoryMb: wholeNumber('--node-memory-mb', values['node-memory-mb'], 10_240, 192),
      stripes: stripeTable(values.stripes, nodes),
      placeOnPut: choice('--place-on-put', values['place-on-put'], ['yes', 'no'] as const) === 'yes',
      placeOnRead: choice('--place-on-read', values['place-on-read'], placingReads),
      reclaimedPerHour: number('--reclaimed-per-hour', values['reclaimed-per-hour'], 100_000),
      rotateSeconds: wholeNumber('--rotate-seconds', values['rotate-seconds'], 604_800, 0),
      lifeMinutes: number('--life-minutes', values['life-minutes'], 1_000_000),
      scale: wholeNumber('--scale', values.scale, 100_000),
    },
  };
}

/** A stripe table whose fragments find a group. Throws {@link WrongOption}. */
function stripeTable(text: string, nodes: number): string {
  try {
    const widest = Math.max(...parseStripes(text).map(({ dataChunks, parityChunks }) => dataChunks + parityChunks));
    if (widest <= nodes) return text;
    throw new WrongOption(
      `--nodes is ${nodes}, but the widest stripe of --stripes has ${widest} chunks on as many nodes.`,
    );
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new WrongOption(`--stripes: ${thrown.message}`);
  }
}

async function stepsOf({ trace, registryKey, hours, sample, firstTouch }: Wanted): Promise<readonly ReplayStep[]> {
  const records: TraceRecord[] = [];
  try {
    for await (const record of readTrace(createReadStream(trace), { registryKey })) records.push(record);
  } catch (thrown) {
    throw new WrongOption(`--trace ${trace}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  const lastMs = (records[0]?.atMs ?? 0) + hours * 3_600_000;
  const wanted = records.filter(({ atMs, key }) => atMs <= lastMs && crc32(key) < sample * 2 ** 32);
  if (wanted.length > 0) return planReplay(wanted, firstTouch);
  throw new WrongOption(
    `--trace ${trace}: there is no request in its first ${hours} hours and that share of its objects`,
  );
}

/** Better now than after the whole sweep. */
async function assertWritable(path: string): Promise<void> {
  try {
    await writeFile(path, '', { flag: 'a' });
  } catch (thrown) {
    throw new WrongOption(`--plot ${path}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

async function run(wanted: Wanted): Promise<number> {
  console.log(`command: npm run bench:windows -- ${process.argv.slice(2).join(' ')}`);
  console.log(
    `machine: ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; Node ${process.version}; virtual time`,
  );
  const steps = await stepsOf(wanted);
  if (wanted.isSweep) {
    if (wanted.plot !== undefined) await assertWritable(wanted.plot);
    const results = [];
    console.log(sweepHead);
    for (const each of sweepOf(wanted.choice)) {
      const result = await measure(steps, each);
      console.log(rowOf(result));
      results.push(result);
    }
    if (wanted.plot !== undefined) await writeFile(wanted.plot, plotOf(results));
    return 0;
  }
  const result = await measure(steps, wanted.choice);
  console.log(tableOf(result));
  const missed = judge(result, (line) => console.log(line));
  console.log(missed === 0 ? 'every goal was met' : `${missed} goals were missed`);
  return missed === 0 ? 0 : 1;
}

await runCommand(usage, readOptions, run);
