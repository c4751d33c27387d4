/**
 * What a trial's seed decides beforehand. Each trial has only some of the faults, so that a rare one is not drowned by
 * the frequent ones.
 */
import type { SeededRandom } from '@sion/workload';

export interface Profile {
  readonly clients: number;
  readonly operationsPerClient: number;
  /** `k…` hold payloads, `c…` are counters. */
  readonly keys: readonly string[];
  readonly pauseMs: number;
  readonly storeDelayMs: number;
  readonly nodeDelayMs: number;
  /** Share of store requests with each fate. */
  readonly refused: number;
  readonly lost: number;
  readonly late: number;
  readonly never: number;
  readonly defects: number;
  readonly brokenBodies: number;
  readonly nodeRefusals: number;
  readonly expiry: boolean;
  readonly events: readonly TrialEvent[];
  readonly eventPauseMs: number;
  readonly nodes: number;
  readonly capacityBytes: number;
  readonly maxEntries: number;
  readonly bodyMemoryBytes: number;
  readonly maxAbsentKeys: number;
  readonly placeOnRead: boolean;
}

export const trialEvents = [
  'external write',
  'external delete',
  'announced loss',
  'silent loss',
  'damage',
  'stall',
  'lapse',
  'crash',
  'takeover',
  'restart',
  'snapshot',
] as const;

export type TrialEvent = (typeof trialEvents)[number];

export function drawProfile(random: SeededRandom): Profile {
  const sometimes = (share: number) => random.double() < share;
  const oneOf = <T>(first: T, ...others: readonly T[]): T => others[random.integer(others.length + 1) - 1] ?? first;
  // A request that lands late can undo an expiry that was seen: without an expiry it cannot.
  const expiry = sometimes(0.5);
  const withoutExpiry: readonly TrialEvent[] = ['takeover'];
  const events = trialEvents.filter((event) => sometimes(0.4) && !(expiry && withoutExpiry.includes(event)));
  return {
    clients: 2 + random.integer(4),
    operationsPerClient: 6 + random.integer(12),
    keys: oneOf(['k1'], ['k1', 'c1'], ['k1', 'k2', 'c1'], ['c1'], ['k1', 'k2', 'k3']),
    pauseMs: oneOf(3, 10, 40),
    storeDelayMs: oneOf(0, 4, 15, 30),
    nodeDelayMs: oneOf(0, 3, 12),
    refused: sometimes(0.3) ? 0.1 : 0,
    lost: sometimes(0.3) ? 0.08 : 0,
    late: !expiry && sometimes(0.4) ? 0.08 : 0,
    never: sometimes(0.2) ? 0.05 : 0,
    defects: sometimes(0.2) ? 0.05 : 0,
    brokenBodies: sometimes(0.2) ? 0.1 : 0,
    nodeRefusals: sometimes(0.3) ? 0.15 : 0,
    expiry,
    events,
    eventPauseMs: oneOf(10, 40, 100),
    nodes: 5 + random.integer(3),
    capacityBytes: oneOf(1024 * 1024, 4 * 1100, 9 * 1100),
    maxEntries: oneOf(100, 1, 2),
    bodyMemoryBytes: oneOf(64 * 1024, 1300, 2600),
    maxAbsentKeys: oneOf(100, 1, 0),
    placeOnRead: sometimes(0.8),
  };
}
