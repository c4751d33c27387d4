/**
 * What a run was like, from its records: how many requests were answered, second by second, and what each fault cost.
 * Pure: times are milliseconds since the load began.
 *
 * The clients wait for each answer, so that an outage is met by few requests: the shares of requests are to be read
 * beside the shares of seconds. Latencies are service times of answered requests of at most {@link smallBytes}.
 */
import type { FaultKind } from './fault-plan.ts';
import type { FaultRecord, RequestRecord } from './record.ts';

export const smallBytes = 64 * 1024;

export interface Latency {
  readonly samples: number;
  /** Undefined without samples. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

export interface SecondReport {
  readonly second: number;
  /** By when they began. */
  readonly requests: number;
  readonly answered: number;
}

/** One fault, or several that met each other, and what requests saw of it until the next. */
export interface IncidentReport {
  readonly kinds: readonly FaultKind[];
  readonly texts: readonly string[];
  readonly startMs: number;
  /** When what was paused went on, and what was killed was back. */
  readonly endMs: number;
  /** By code. */
  readonly errors: Readonly<Record<string, number>>;
  /** From its beginning to the end of the last request that failed; 0 when none did. */
  readonly errorsForMs: number;
  /** The longest time without any answer. */
  readonly silentMs: number;
  readonly before: Latency;
  /** Of those that met it or its errors. */
  readonly during: Latency;
  readonly after: Latency;
}

export interface LoadReport {
  readonly durationMs: number;
  readonly requests: number;
  readonly answered: number;
  readonly answeredBytes: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly byKind: Readonly<Record<string, { readonly requests: number; readonly answered: number }>>;
  readonly byProtocol: Readonly<Record<string, { readonly requests: number; readonly answered: number }>>;
  readonly latency: Latency;
  readonly seconds: readonly SecondReport[];
  readonly incidents: readonly IncidentReport[];
}

/** How far before an incident counts as "before". */
const beforeMs = 3_000;
/** A fault that begins so soon after another one's end is of the same incident. */
const apartMs = 2_000;
/** Requests are mostly answered by then. */
const promptMs = 1_000;

export function reportLoad(
  requests: readonly RequestRecord[],
  faults: readonly FaultRecord[],
  durationMs: number,
): LoadReport {
  const answered = requests.filter(isAnswered);
  return {
    durationMs,
    requests: requests.length,
    answered: answered.length,
    answeredBytes: answered.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    errors: countErrors(requests),
    byKind: countBy(requests, ({ kind }) => kind),
    byProtocol: countBy(requests, ({ protocol }) => protocol),
    latency: latencyOf(answered),
    seconds: bySecond(requests, durationMs),
    incidents: reportIncidents(faults, requests, durationMs),
  };
}

function reportIncidents(
  faults: readonly FaultRecord[],
  requests: readonly RequestRecord[],
  durationMs: number,
): readonly IncidentReport[] {
  const incidents = incidentsOf(faults);
  const starts = incidents.map((incident) => startOf(incident));
  // What broke is of when it broke; what waited in vain, of when it should have been answered.
  const momentOf = ({ code, startMs, endMs }: RequestRecord) => (code === 'timeout' ? startMs + promptMs : endMs);
  const failed = Map.groupBy(
    requests.filter((request) => !isAnswered(request)),
    (request) => starts.findLastIndex((startMs) => startMs <= momentOf(request)),
  );
  return incidents.map((incident, index) =>
    reportIncident(incident, starts[index + 1] ?? durationMs, requests, failed.get(index) ?? []),
  );
}

function incidentsOf(faults: readonly FaultRecord[]): readonly (readonly FaultRecord[])[] {
  const incidents: FaultRecord[][] = [];
  for (const fault of faults.filter(({ isDone }) => isDone).toSorted((a, b) => a.startMs - b.startMs)) {
    const last = incidents.at(-1);
    const endMs = Math.max(...(last ?? []).map(({ backMs }) => backMs));
    if (last === undefined || fault.startMs > endMs + apartMs) incidents.push([fault]);
    else last.push(fault);
  }
  return incidents;
}

function startOf(incident: readonly FaultRecord[]): number {
  return incident[0]?.startMs ?? 0;
}

function reportIncident(
  incident: readonly FaultRecord[],
  untilMs: number,
  requests: readonly RequestRecord[],
  failed: readonly RequestRecord[],
): IncidentReport {
  const startMs = startOf(incident);
  const endMs = Math.max(...incident.map(({ backMs }) => backMs));
  const met = requests.filter((each) => each.endMs >= startMs && each.startMs < untilMs);
  const lastErrorMs = failed.reduce((last, each) => Math.max(last, each.endMs), startMs);
  const overMs = Math.max(lastErrorMs, Math.min(endMs, untilMs));
  const before = requests.filter((each) => each.endMs < startMs && each.endMs >= startMs - beforeMs);
  return {
    kinds: incident.map(({ kind }) => kind),
    texts: incident.map(({ text }) => text),
    ...{ startMs, endMs },
    errors: countErrors(failed),
    errorsForMs: lastErrorMs - startMs,
    silentMs: longestSilenceMs(met, startMs, untilMs),
    before: latencyOf(before),
    during: latencyOf(met.filter((each) => each.startMs <= overMs)),
    after: latencyOf(met.filter((each) => each.startMs > overMs)),
  };
}

function longestSilenceMs(requests: readonly RequestRecord[], fromMs: number, untilMs: number): number {
  const ends = requests.filter((each) => isAnswered(each) && each.endMs <= untilMs).map(({ endMs }) => endMs);
  const times = [fromMs, ...ends.sort((a, b) => a - b), untilMs];
  return times.reduce((longest, time, index) => Math.max(longest, time - (times[index - 1] ?? time)), 0);
}

function bySecond(requests: readonly RequestRecord[], durationMs: number): readonly SecondReport[] {
  const seconds = Array.from({ length: Math.ceil(durationMs / 1000) }, (_, second) => ({
    ...{ second, requests: 0, answered: 0 },
  }));
  for (const request of requests) {
    const second = seconds[Math.floor(request.startMs / 1000)];
    if (second === undefined) continue;
    second.requests++;
    if (isAnswered(request)) second.answered++;
  }
  return seconds;
}

function countBy(items: readonly RequestRecord[], nameOf: (item: RequestRecord) => string): LoadReport['byKind'] {
  const counts: Record<string, { requests: number; answered: number }> = {};
  for (const item of items) {
    const count = (counts[nameOf(item)] ??= { requests: 0, answered: 0 });
    count.requests++;
    if (isAnswered(item)) count.answered++;
  }
  return counts;
}

function countErrors(requests: readonly RequestRecord[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { code } of requests) if (code !== 'ok') counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** Of the answered, small ones among them. */
export function latencyOf(requests: readonly RequestRecord[]): Latency {
  const tookMs = requests
    .filter((each) => isAnswered(each) && each.sizeBytes <= smallBytes)
    .map(({ startMs, endMs }) => endMs - startMs)
    .sort((a, b) => a - b);
  return { samples: tookMs.length, p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99) };
}

/** The value that the share of all does not exceed. */
function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

function isAnswered({ code }: RequestRecord): boolean {
  return code === 'ok';
}
