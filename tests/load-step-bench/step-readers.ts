/**
 * The readers of a load step, over whichever fleet: 1, then 2, then 5 of them, each with objects of its own, one read at a time;
 * what they got, what it is called in print, and what is held against the goals.
 */
import type { MetricsSnapshot } from '@sion/proxy';
import type { Report } from '../recovery-bench/report.ts';

export const mb = 1_000_000;
export const chunkBytes = mb;
export const objectBytes = 10 * chunkBytes;
export const objectsPerReader = 2;
export const steps = [1, 2, 5] as const;

/** Of n times the throughput of one reader. */
const leastShare = 0.8;
/** Of chunk requests; the paper's, with elastic demand caching, and without. */
const [mostMisses, paperMissesWithout] = [0.0173, 0.183];

/** What the readers need of a fleet. */
export interface StepFleet {
  nowMs(): number;
  /** Reads an object; gives how long that took, and compares its bytes after that. */
  read(key: string): Promise<number>;
  totals(): Promise<MetricsSnapshot>;
}

export interface StepResult {
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

/** The keys of each reader's objects. */
export function stepKeys(): readonly (readonly string[])[] {
  return Array.from({ length: Math.max(...steps) }, (_, reader) =>
    Array.from({ length: objectsPerReader }, (__, object) => `reader-${reader}-object-${object}`),
  );
}

export async function runSteps(fleet: StepFleet, seconds: number): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  for (const readers of steps) results.push(await runStep(fleet, stepKeys().slice(0, readers), seconds));
  return results;
}

async function runStep(fleet: StepFleet, keys: readonly (readonly string[])[], seconds: number): Promise<StepResult> {
  const before = await fleet.totals();
  const endMs = fleet.nowMs() + seconds * 1000;
  const read = await Promise.all(keys.map((own) => readUntil(fleet, own, endMs)));
  const after = await fleet.totals();
  return {
    readers: keys.length,
    reads: read.reduce((sum, { reads }) => sum + reads, 0),
    bytesPerSecond: read.reduce((sum, { reads, readMs }) => sum + (reads * objectBytes * 1000) / readMs, 0),
    chunkRequests: after.chunkRequests - before.chunkRequests,
    pulled: after.demandCopies - before.demandCopies,
    past: after.busyMisses - before.busyMisses,
    hits: after.demandHits - before.demandHits,
  };
}

/** Reads its objects in turn; comparing them takes none of `readMs`. */
async function readUntil(
  fleet: StepFleet,
  keys: readonly string[],
  endMs: number,
): Promise<{ readonly reads: number; readonly readMs: number }> {
  let [reads, readMs] = [0, 0];
  while (fleet.nowMs() < endMs) {
    const key = keys[reads % keys.length];
    if (key === undefined) break;
    readMs += await fleet.read(key);
    reads++;
  }
  return { reads, readMs };
}

export function tellSteps(results: readonly StepResult[], title: string, report: Report): void {
  report.say(title);
  const rows = results.map((result) => {
    const { readers, reads, bytesPerSecond, chunkRequests, pulled, past, hits } = result;
    return [
      ...[String(readers), String(reads), (bytesPerSecond / mb).toFixed(1), shareOf(result, results).toFixed(2)],
      ...[String(chunkRequests), String(pulled), String(hits), String(past), percent(missShare([result]))],
    ];
  });
  const counts = ['chunk requests', 'copies', 'copy hits', 'from the store', 'misses'];
  report.table([['readers', 'reads', 'MB/s', 'of n', ...counts], ...rows]);
}

/** `without`: elastic demand caching. */
export function judgeSteps(
  name: string,
  elastic: readonly StepResult[],
  without: readonly StepResult[],
  report: Report,
): void {
  for (const result of elastic) {
    const share = shareOf(result, elastic);
    const said = `${name}: ${share.toFixed(2)}·n with ${result.readers} readers`;
    if (!(share >= leastShare)) report.miss(`${said}, below ${leastShare}·n`);
  }
  const missed = missShare(elastic);
  report.say(
    `misses because of busy functions: ${percent(missed)} of chunk requests, without elastic demand caching ` +
      `${percent(missShare(without))}; the paper: ${percent(mostMisses)} and ${percent(paperMissesWithout)}`,
  );
  if (!(missed <= mostMisses)) report.miss(`${name}: ${percent(missed)} misses, above ${percent(mostMisses)}`);
}

/** Of the throughput of as many readers as there would be if each had that of the first step's. */
function shareOf({ readers, bytesPerSecond }: StepResult, [single]: readonly StepResult[]): number {
  return bytesPerSecond / ((single?.bytesPerSecond ?? Number.NaN) * readers);
}

/** A copy costs the read that it is made for a store request: that is a miss as well. */
function missShare(results: readonly StepResult[]): number {
  const sum = (value: (result: StepResult) => number) => results.reduce((all, result) => all + value(result), 0);
  return sum(({ pulled, past }) => pulled + past) / sum(({ chunkRequests }) => chunkRequests);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
