/**
 * What characterises a recorded workload of reads: rates, sizes, popularity, reuse, working sets, and what an ideal cache with a
 * sliding horizon would hold and hit. Pure; records in order of time.
 */
import type { TraceRecord } from '../traces/trace-record.ts';

export interface HorizonStatistics {
  readonly minutes: number;
  /** Share of re-reads that come within the horizon. */
  readonly hitShare: number;
  readonly meanResidentBytes: number;
}

export interface WorkloadStatistics {
  readonly requests: number;
  readonly objects: number;
  readonly objectBytes: number;
  readonly readBytes: number;
  readonly perHour: { readonly mean: number; readonly least: number; readonly most: number };
  readonly mostPerMinute: number;
  readonly interArrival: { readonly meanSeconds: number; readonly variation: number };
  /** Sizes at the shares asked for: of objects, and of requests. */
  readonly objectSizes: readonly number[];
  readonly requestSizes: readonly number[];
  readonly maxObjectBytes: number;
  readonly readOnceShare: number;
  /** Share of requests that the most popular 0.1, 1 and 10 % of the objects take. */
  readonly popularShares: readonly number[];
  readonly hourlyWorkingSetBytes: { readonly mean: number; readonly least: number; readonly most: number };
  readonly horizons: readonly HorizonStatistics[];
}

export const sizeShares: readonly number[] = [0.25, 0.5, 0.75, 0.9, 0.95, 0.99];
export const popularObjects: readonly number[] = [0.001, 0.01, 0.1];
export const horizonMinutes: readonly number[] = [1, 10, 60, 100, 180, 360];

interface Known {
  sizeBytes: number;
  reads: number;
  readonly times: number[];
}

const hourMs = 3_600_000;

export function statisticsOf(records: readonly TraceRecord[], hours: number): WorkloadStatistics {
  const objects = new Map<string, Known>();
  for (const { atMs, key, sizeBytes = 0 } of records) {
    const known = objects.get(key) ?? { sizeBytes: 0, reads: 0, times: [] };
    objects.set(key, known);
    known.sizeBytes = Math.max(known.sizeBytes, sizeBytes);
    known.reads++;
    known.times.push(atMs);
  }
  const all = [...objects.values()];
  const beganMs = records[0]?.atMs ?? 0;
  const gaps = records.slice(1).map(({ atMs }, at) => atMs - (records[at]?.atMs ?? 0));
  const requestSizes = all.flatMap(({ reads, sizeBytes }) => new Array<number>(reads).fill(sizeBytes));
  const hourly = hourlyOf(records, beganMs, hours, objects);
  return {
    requests: records.length,
    objects: all.length,
    objectBytes: sum(all.map(({ sizeBytes }) => sizeBytes)),
    readBytes: sum(requestSizes),
    perHour: spreadOf(hourly.map(({ requests }) => requests)),
    mostPerMinute: Math.max(...countsPer(records, beganMs, 60_000)),
    interArrival: { meanSeconds: mean(gaps) / 1000, variation: deviation(gaps) / mean(gaps) },
    objectSizes: quantiles(all.map(({ sizeBytes }) => sizeBytes)),
    requestSizes: quantiles(requestSizes),
    maxObjectBytes: all.reduce((most, { sizeBytes }) => Math.max(most, sizeBytes), 0),
    readOnceShare: all.filter(({ reads }) => reads === 1).length / all.length,
    popularShares: popularityOf(all, records.length),
    hourlyWorkingSetBytes: spreadOf(hourly.map(({ bytes }) => bytes)),
    horizons: horizonMinutes.map((minutes) => horizonOf(all, minutes, beganMs + hours * hourMs, hours)),
  };
}

/** Each read keeps its object for the horizon, or until it is read again. */
function horizonOf(all: readonly Known[], minutes: number, endMs: number, hours: number): HorizonStatistics {
  let [hits, again, byteMs] = [0, 0, 0];
  for (const { sizeBytes, times } of all) {
    for (const [at, atMs] of times.entries()) {
      const next = times[at + 1];
      if (next !== undefined) again++;
      if (next !== undefined && next - atMs <= minutes * 60_000) hits++;
      byteMs += sizeBytes * Math.min(minutes * 60_000, (next ?? endMs) - atMs);
    }
  }
  return { minutes, hitShare: again === 0 ? 0 : hits / again, meanResidentBytes: byteMs / (hours * hourMs) };
}

function hourlyOf(
  records: readonly TraceRecord[],
  beganMs: number,
  hours: number,
  objects: ReadonlyMap<string, Known>,
): readonly { readonly requests: number; readonly bytes: number }[] {
  const keys = Array.from({ length: hours }, () => new Set<string>());
  const requests = new Array<number>(hours).fill(0);
  for (const { atMs, key } of records) {
    const hour = Math.min(hours - 1, Math.floor((atMs - beganMs) / hourMs));
    keys[hour]?.add(key);
    requests[hour] = (requests[hour] ?? 0) + 1;
  }
  return keys.map((set, hour) => ({
    requests: requests[hour] ?? 0,
    bytes: sum([...set].map((key) => objects.get(key)?.sizeBytes ?? 0)),
  }));
}

function countsPer(records: readonly TraceRecord[], beganMs: number, ms: number): readonly number[] {
  const counts = new Map<number, number>();
  for (const { atMs } of records) {
    const at = Math.floor((atMs - beganMs) / ms);
    counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  return [...counts.values()];
}

function popularityOf(all: readonly Known[], requests: number): readonly number[] {
  const reads = all.map((each) => each.reads).sort((a, b) => b - a);
  return popularObjects.map((share) => sum(reads.slice(0, Math.round(share * reads.length))) / requests);
}

function quantiles(values: readonly number[]): readonly number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return sizeShares.map((share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
}

function spreadOf(values: readonly number[]): { readonly mean: number; readonly least: number; readonly most: number } {
  return { mean: mean(values), least: Math.min(...values), most: Math.max(...values) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / Math.max(1, values.length);
}

function deviation(values: readonly number[]): number {
  const center = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - center) ** 2)));
}
