/** What a SION says of itself during a run, a second at a time: who served, what is open, what it has cost. */
import type { ProxyStatus } from '@sion/proxy';

export interface SionSample {
  /** Since the run began, by the wall. */
  readonly atMs: number;
  /** The turn of the target that it belongs to; between turns others were served. */
  readonly round: number;
  readonly gets: Readonly<Record<string, number>>;
  readonly invocations: Readonly<Record<string, number>>;
  readonly costUsd: Readonly<Record<string, number>>;
  readonly storeRequests: Readonly<Record<string, number>>;
  /** Functions by the state of their session. */
  readonly nodes: Readonly<Record<string, number>>;
  /** Functions that hold chunks. */
  readonly holding: number;
  /** Bytes by the state of windows. */
  readonly windowBytes: Readonly<Record<string, number>>;
}

export function sampleOf(status: ProxyStatus, atMs: number, round: number): SionSample {
  const { costUsd, gets, invocations, storeRequests } = status.totals;
  return {
    ...{ atMs, round, gets, invocations, costUsd, storeRequests },
    nodes: sums(status.nodes.map(({ state }) => [state, 1])),
    holding: status.nodes.filter(({ chunks }) => chunks > 0).length,
    windowBytes: sums(status.windows.map(({ state, usedBytes }) => [state, usedBytes])),
  };
}

/** What came in the target's turns, of one of the tables. */
export function growthOf(
  samples: readonly SionSample[],
  table: 'gets' | 'invocations' | 'costUsd' | 'storeRequests',
): Readonly<Record<string, number>> {
  return sums(
    samples.flatMap((sample, at) => {
      const before = samples[at - 1];
      if (before === undefined || before.round !== sample.round) return [];
      return Object.entries(sample[table]).map(([name, count]) => [name, count - (before[table][name] ?? 0)] as const);
    }),
  );
}

function sums(entries: readonly (readonly [string, number])[]): Readonly<Record<string, number>> {
  const totals: Record<string, number> = {};
  for (const [name, count] of entries) totals[name] = (totals[name] ?? 0) + count;
  return totals;
}
