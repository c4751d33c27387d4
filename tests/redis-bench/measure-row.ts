/**
 * One row: rounds of both servers in turns, with the same values over as many connections; what is told are medians over the
 * rounds. A round of SION's from 1 MB on counts only when functions have served every read and taken every write.
 */
import type { ProxyStatus } from '@sion/proxy';
import { quantile } from '../recovery-bench/report.ts';
import { type Lane, openLanes } from './lanes.ts';
import type { Peer, SionPeer } from './peers.ts';
import { chunkedBytes, nameOf, type Row } from './rows.ts';
import { type KeyValue, setAll, valuesOf, verifyAll } from './values.ts';

export interface RowOptions {
  readonly rounds: number;
  /** Of each round, at least; every connection also asks at least twice. */
  readonly seconds: number;
}

export interface Speed {
  readonly operationsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the serving process. */
  readonly cpuMsPerOperation: number;
}

export interface RowResult {
  readonly row: Row;
  readonly redis: Speed;
  readonly sion: Speed;
  /** Median of SION's throughput divided by Redis's in the same round. */
  readonly ratio: number;
}

export async function measureRow(redis: Peer, sion: SionPeer, row: Row, options: RowOptions): Promise<RowResult> {
  const values = valuesOf(row);
  for (const peer of [redis, sion]) await setAll(peer.port, values);
  if (row.operation === 'GET') await sion.sion.inMemory(values.map(({ key }) => key));
  const before = (await sion.sion.status()).totals;
  const rounds: { readonly redis: Speed; readonly sion: Speed }[] = [];
  // The first one warms both up.
  for (let round = 0; round <= options.rounds; round++) {
    const [first, second] = round % 2 === 0 ? [redis, sion] : [sion, redis];
    const speeds = new Map<Peer, Speed>();
    for (const peer of [first, second]) speeds.set(peer, await runRound(peer, row, values, options));
    const [ofRedis, ofSion] = [speeds.get(redis), speeds.get(sion)];
    if (round > 0 && ofRedis !== undefined && ofSion !== undefined) rounds.push({ redis: ofRedis, sion: ofSion });
  }
  const after = (await sion.sion.status()).totals;
  if (row.sizeBytes >= chunkedBytes) assertServedByFunctions(row, before, after);
  for (const peer of [redis, sion]) await verifyAll(peer.port, values);
  const ratios = rounds.map((round) => round.sion.operationsPerSecond / round.redis.operationsPerSecond);
  return {
    row,
    redis: medianOf(rounds.map((round) => round.redis)),
    sion: medianOf(rounds.map((round) => round.sion)),
    ratio: quantile(ratios, 0.5),
  };
}

async function runRound(peer: Peer, row: Row, values: readonly KeyValue[], { seconds }: RowOptions): Promise<Speed> {
  const lanes = await openLanes(peer.port, row, values);
  try {
    const latencies: number[] = [];
    const cpuBefore = await peer.cpuSeconds();
    const begunMs = performance.now();
    const untilMs = begunMs + seconds * 1000;
    await Promise.all(lanes.map((lane, number) => runLane(lane, number * 7919, untilMs, latencies)));
    const tookSeconds = (performance.now() - begunMs) / 1000;
    const cpuSeconds = (await peer.cpuSeconds()) - cpuBefore;
    const operations = latencies.length * row.pipeline;
    return {
      operationsPerSecond: operations / tookSeconds,
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      cpuMsPerOperation: (cpuSeconds * 1000) / operations,
    };
  } finally {
    for (const lane of lanes) lane.close();
  }
}

const leastTurns = 2;

/** Connections begin at different values. */
async function runLane({ ask }: Lane, offset: number, untilMs: number, latencies: number[]): Promise<void> {
  let begunMs = performance.now();
  for (let turn = 0; turn < leastTurns || begunMs < untilMs; turn++) {
    await ask(offset + turn);
    const endedMs = performance.now();
    latencies.push(endedMs - begunMs);
    begunMs = endedMs;
  }
}

type Totals = ProxyStatus['totals'];

/** Throws unless all that was read came out of functions, and all that was written went to them. */
function assertServedByFunctions(row: Row, before: Totals, after: Totals): void {
  const rise = (group: 'gets' | 'puts', kind: string) => {
    const [from, to] = [before[group], after[group]] as readonly Readonly<Record<string, number>>[];
    return (to?.[kind] ?? 0) - (from?.[kind] ?? 0);
  };
  const wrong = [
    ...(['hot', 'store', 'miss'] as const).map((kind) => [`GETs: ${kind}`, rise('gets', kind)] as const),
    ...(row.mode === 'memory' ? (['journal', 'store'] as const) : []).map(
      (kind) => [`PUTs: ${kind}`, rise('puts', kind)] as const,
    ),
  ].filter(([, count]) => count > 0);
  if (wrong.length === 0) return;
  throw new Error(`${nameOf(row)}: not by functions alone: ${wrong.map((each) => each.join(' ')).join(', ')}`);
}

function medianOf(speeds: readonly Speed[]): Speed {
  const of = (name: keyof Speed) =>
    quantile(
      speeds.map((speed) => speed[name]),
      0.5,
    );
  return {
    ...{ operationsPerSecond: of('operationsPerSecond'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms') },
    cpuMsPerOperation: of('cpuMsPerOperation'),
  };
}
