/**
 * The load step: 1, then 2, then 5 readers of 10 MB objects, whose chunks all lie on the same 12 functions, each with so
 * little network that one reader has all of it. Every reader has objects of its own: no two reads share anything.
 */
import type { ProxyStatus } from '@sion/proxy';
import type { Report } from '../recovery-bench/report.ts';
import { BenchFleet, type BenchObject, burstBytes } from './bench-fleet.ts';

export interface LoadStepOptions {
  readonly mbPerSecond: number;
  readonly seconds: number;
}

const mb = 1_000_000;
const chunkBytes = mb;
const objectBytes = 10 * chunkBytes;
const objectsPerReader = 2;
const steps = [1, 2, 5] as const;
const mostReaders = 5;
/** More than the readers of the last step saturate: there is a choice. */
const nodes = 96;

/** Of n times the throughput of one reader. */
const leastShare = 0.8;
/** Of chunk requests; the paper's, with elastic demand caching, and without. */
const [mostMisses, paperMissesWithout] = [0.0173, 0.183];

interface StepResult {
  readonly readers: number;
  readonly reads: number;
  /** All readers together, by what each read in the time that it spent reading. */
  readonly bytesPerSecond: number;
  readonly chunkRequests: number;
  /** Store requests because of busy nodes: by nodes, for copies, and by the proxy. */
  readonly pulled: number;
  readonly past: number;
  readonly hits: number;
}

/** Goals: a throughput of 0.8·n without any change of settings, and few misses because of busy nodes. */
export async function benchLoadStep(options: LoadStepOptions, report: Report): Promise<void> {
  const { mbPerSecond, seconds } = options;
  report.say('');
  report.say(
    `load step: ${nodes} instances of ${mbPerSecond} MB/s each (burst ${burstBytes / 1024} KiB), store traffic included, all of ` +
      `them warm; ${steps.join(', then ')} readers for ${seconds} s each, over HTTP, one GET at a time; ${objectsPerReader} ` +
      `objects of 10 MB for each reader, in 10+2 chunks of 1 MB, all on the same 12 functions; a function with one chunk ` +
      'under way is busy; directory store; no hedging; every byte compared',
  );
  const elastic = await runSteps(options, 64 * 2 ** 20, report);
  const without = await runSteps(options, 0, report);
  const [single] = elastic;
  for (const { readers, bytesPerSecond } of elastic) {
    const share = bytesPerSecond / ((single?.bytesPerSecond ?? 0) * readers);
    if (!(share >= leastShare))
      report.miss(`load step: ${share.toFixed(2)}·n with ${readers} readers, below ${leastShare}·n`);
  }
  const [missed, missedWithout] = [missShare(elastic), missShare(without)];
  report.say(
    `misses because of busy functions: ${percent(missed)} of chunk requests, without elastic demand caching ` +
      `${percent(missedWithout)}; the paper: ${percent(mostMisses)} and ${percent(paperMissesWithout)}`,
  );
  if (!(missed <= mostMisses)) report.miss(`load step: ${percent(missed)} misses, above ${percent(mostMisses)}`);
}

async function runSteps(
  { mbPerSecond, seconds }: LoadStepOptions,
  elasticBytesPerNode: number,
  report: Report,
): Promise<readonly StepResult[]> {
  const fleet = await BenchFleet.start({
    ...{ nodes, nodeMemoryMb: 512 },
    environment: {
      SION_ELASTIC_BYTES_PER_NODE: String(elasticBytesPerNode),
      SION_BUSY_BYTES_PER_NODE: String(chunkBytes),
      SION_MAX_CHUNK_BYTES: String(2 ** 20),
      SION_HEDGE_MS: '30000',
      SION_FETCH_TIMEOUT_MS: '30000',
    },
  });
  try {
    const objects = Array.from({ length: mostReaders }, (_, reader) => objectsOf(reader));
    await fleet.fill(objects.flat());
    await fleet.warm();
    await fleet.limit(mbPerSecond * mb);
    const results: StepResult[] = [];
    for (const readers of steps) {
      const result = await runStep(fleet, objects.slice(0, readers), seconds);
      report.say(`${readers} readers: ${(result.bytesPerSecond / mb).toFixed(1)} MB/s`);
      results.push(result);
    }
    tell(
      results,
      `SION_ELASTIC_BYTES_PER_NODE=${elasticBytesPerNode}, ${await fleet.holders()} functions hold chunks at the end`,
      report,
    );
    return results;
  } finally {
    await fleet.stop();
  }
}

function objectsOf(reader: number): readonly BenchObject[] {
  return Array.from({ length: objectsPerReader }, (_, object) => ({
    ...{ key: `reader-${reader}-object-${object}`, sizeBytes: objectBytes },
  }));
}

async function runStep(
  fleet: BenchFleet,
  objects: readonly (readonly BenchObject[])[],
  seconds: number,
): Promise<StepResult> {
  const before = await fleet.totals();
  const endMs = performance.now() + seconds * 1000;
  const read = await Promise.all(objects.map((own) => readUntil(fleet, own, endMs)));
  const after = await fleet.totals();
  const grown = (name: keyof ProxyStatus['totals']) => Number(after[name]) - Number(before[name]);
  return {
    readers: objects.length,
    reads: read.reduce((sum, { reads }) => sum + reads, 0),
    bytesPerSecond: read.reduce((sum, { reads, readMs }) => sum + (reads * objectBytes * 1000) / readMs, 0),
    chunkRequests: grown('chunkRequests'),
    pulled: grown('demandCopies'),
    past: grown('busyMisses'),
    hits: grown('demandHits'),
  };
}

/** Reads its objects in turn; comparing them takes none of `readMs`. */
async function readUntil(
  fleet: BenchFleet,
  objects: readonly BenchObject[],
  endMs: number,
): Promise<{ readonly reads: number; readonly readMs: number }> {
  let [reads, readMs] = [0, 0];
  while (performance.now() < endMs) {
    const object = objects[reads % objects.length];
    if (object === undefined) break;
    readMs += await fleet.read(object.key);
    reads++;
  }
  return { reads, readMs };
}

function tell(results: readonly StepResult[], title: string, report: Report): void {
  report.say(title);
  const [single] = results;
  const rows = results.map((result) => {
    const { readers, reads, bytesPerSecond, chunkRequests, pulled, past, hits } = result;
    const share = bytesPerSecond / ((single?.bytesPerSecond ?? Number.NaN) * readers);
    return [
      ...[String(readers), String(reads), (bytesPerSecond / mb).toFixed(1), share.toFixed(2), String(chunkRequests)],
      ...[String(pulled), String(hits), String(past), percent(missShare([result]))],
    ];
  });
  const heads = [
    'readers',
    'reads',
    'MB/s',
    'of n',
    'chunk requests',
    'copies',
    'copy hits',
    'from the store',
    'misses',
  ];
  report.table([heads, ...rows]);
}

/** A copy costs the read that it is made for a store request: that is a miss as well. */
function missShare(results: readonly StepResult[]): number {
  const sum = (value: (result: StepResult) => number) => results.reduce((all, result) => all + value(result), 0);
  return sum(({ pulled, past }) => pulled + past) / sum(({ chunkRequests }) => chunkRequests);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
