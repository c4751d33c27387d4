/**
 * Small reads beside large ones: GETs of 1 KB at a steady rate, alone, then while others read objects of 100 MB from the same
 * functions as fast as these send; then once more with one queue and one link for all chunks, as a function would have it
 * that did not keep them apart.
 */
import { Worker } from 'node:worker_threads';
import { delay, systemClock } from '@sion/components';
import type { Report } from '../recovery-bench/report.ts';
import { BenchFleet, type BenchObject, burstBytes } from './bench-fleet.ts';
import type { LargeRead, LargeReaderData } from './large-reader.ts';
import { judge, type Latencies, tellLatencies } from './latencies.ts';
import { watchProcessors } from './machine-load.ts';

export interface SmallReadsOptions {
  readonly smallMbPerSecond: number;
  readonly smallReads: number;
}

const mb = 1_000_000;
const nodes = 6;
const [smallObjects, largeObjects] = [120, 3];
const largeReaders = 2;
/** Between the starts of two small reads. */
const intervalMs = 20;
/** Of large reads alone, before anything is measured. */
const settleMs = 3000;

const mostProcessorShare = 0.7;

interface SmallReads extends Latencies {
  readonly largeBytesPerSecond: number;
  readonly processorShare: number;
}

/** Goals: beside large reads a p99 of at most twice that alone, and of at most a fifth of that over one link. */
export async function benchSmallBesideLarge(options: SmallReadsOptions, report: Report): Promise<void> {
  const { smallMbPerSecond, smallReads } = options;
  report.say('');
  report.say(
    `small beside large: ${nodes} instances of ${smallMbPerSecond} MB/s each (burst ${burstBytes / 1024} KiB); ${smallReads} GETs of 1 KB over ` +
      `HTTP, one each ${intervalMs} ms whether or not the one before has ended, of ${smallObjects} objects; beside them ` +
      `${largeReaders} readers of 100 MB objects in fragments of 4+2 chunks of 1 MiB; no hot tier; directory store; every byte compared`,
  );
  const apart = await measure(options, {}, report);
  tell('two queues and two links', apart, report);
  const oneLink = await measure(options, { SION_BULK_THRESHOLD_BYTES: '0' }, report);
  tell('one queue and one link (SION_BULK_THRESHOLD_BYTES=0)', oneLink, report);
  judge('small reads', apart, oneLink, report);
  for (const { processorShare } of [apart, oneLink]) {
    if (processorShare > mostProcessorShare)
      report.miss(`small reads: the processors were in use for ${percent(processorShare)}`);
  }
}

async function measure(
  { smallMbPerSecond, smallReads }: SmallReadsOptions,
  environment: Readonly<Record<string, string>>,
  report: Report,
): Promise<SmallReads> {
  const fleet = await BenchFleet.start({
    ...{ nodes, nodeMemoryMb: 512 },
    environment: {
      SION_STRIPES: '128KiB=1+1,*=4+2',
      // A late node is waited for: what is measured is how late it is.
      ...{ SION_HEDGE_MS: '60000', SION_FETCH_TIMEOUT_MS: '60000', SION_MAX_PLACED_BYTES: String(200 * mb) },
      ...environment,
    },
  });
  try {
    const small = objectsOf('small', smallObjects, 1000);
    const large = objectsOf('large', largeObjects, 100 * mb);
    await fleet.fill([...small, ...large]);
    await fleet.limit(smallMbPerSecond * mb);
    await readSteadily(fleet, small, smallObjects);
    const aloneMs = await readSteadily(fleet, small, smallReads);
    const begunMs = performance.now();
    const readers = Array.from({ length: largeReaders }, (_, reader) => new LargeReader(fleet, large, reader));
    await delay(systemClock, settleMs);
    const used = watchProcessors();
    const besideMs = await readSteadily(fleet, small, smallReads);
    const processorShare = used();
    await Promise.all(readers.map((reader) => reader.stop()));
    const seconds = (performance.now() - begunMs) / 1000;
    for (const problem of readers.flatMap(({ problems }) => problems)) report.miss(`small reads: ${problem}`);
    const largeBytes = readers.reduce((sum, { bytes }) => sum + bytes, 0);
    return { aloneMs, besideMs, largeBytesPerSecond: largeBytes / seconds, processorShare };
  } finally {
    await fleet.stop();
  }
}

function objectsOf(name: string, count: number, sizeBytes: number): readonly BenchObject[] {
  return Array.from({ length: count }, (_, object) => ({ key: `${name}-${object}`, sizeBytes }));
}

/** So many reads, each begun in its time; gives how long each took from then. */
async function readSteadily(
  fleet: BenchFleet,
  objects: readonly BenchObject[],
  reads: number,
): Promise<readonly number[]> {
  const begunMs = performance.now();
  const under: Promise<number>[] = [];
  for (let read = 0; read < reads; read++) {
    const dueMs = begunMs + read * intervalMs;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await delay(systemClock, waitMs);
    const { key } = objects[(read * 7) % objects.length] ?? { key: 'none' };
    const lateMs = performance.now() - dueMs;
    under.push(fleet.read(key).then((tookMs) => tookMs + lateMs));
  }
  return await Promise.all(under);
}

/** A reader of large objects, in its thread. */
class LargeReader {
  readonly problems: string[] = [];
  bytes = 0;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;

  constructor(fleet: BenchFleet, objects: readonly BenchObject[], first: number) {
    const workerData: LargeReaderData = { objects: objects.map(({ key }) => fleet.sourceOf(key)), first };
    this.#worker = new Worker(new URL('./large-reader.ts', import.meta.url), { workerData });
    this.#worker.on('message', ({ bytes, problem }: LargeRead) => {
      this.bytes += bytes;
      if (problem !== undefined) this.problems.push(problem);
    });
    this.#worker.on('error', (error) => this.problems.push(`a large reader failed: ${error.message}`));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
  }

  /** Resolves when the object that it is at is read. */
  async stop(): Promise<void> {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- That is for windows; this is a thread.
    this.#worker.postMessage('stop');
    await this.#ended;
  }
}

function tell(title: string, reads: SmallReads, report: Report): void {
  const { largeBytesPerSecond, processorShare } = reads;
  report.say(
    `${title}; large reads ${(largeBytesPerSecond / mb).toFixed(1)} MB/s, processors in use ${percent(processorShare)}`,
  );
  tellLatencies(reads, report);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
