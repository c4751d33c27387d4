/**
 * What a trial's seed decides beforehand. Each trial has only some of the faults, so that a rare one is not drowned by
 * the frequent ones.
 */
import type { PlacingRead } from '@sion/core';
import type { SeededRandom } from '@sion/workload';
import type { Durability } from '../objects.ts';

export interface Profile {
  readonly clients: number;
  readonly operationsPerClient: number;
  /** `k…` hold payloads, `c…` are counters. */
  readonly keys: readonly string[];
  readonly pauseMs: number;
  readonly storeDelayMs: number;
  readonly nodeDelayMs: number;
  /** Share of requests, to store and nodes, that take many times as long. */
  readonly slow: number;
  /** Share of store requests with each fate. */
  readonly refused: number;
  readonly lost: number;
  readonly late: number;
  readonly never: number;
  readonly defects: number;
  readonly brokenBodies: number;
  readonly nodeRefusals: number;
  readonly expiry: boolean;
  /** Objects live that long at most, when they have an expiry. */
  readonly lifeMs: number;
  readonly events: readonly TrialEvent[];
  readonly eventPauseMs: number;
  readonly nodes: number;
  readonly capacityBytes: number;
  readonly maxEntries: number;
  readonly bodyMemoryBytes: number;
  readonly maxAbsentKeys: number;
  readonly placeOnRead: PlacingRead;
  /** One of them for each write. */
  readonly durabilities: readonly Durability[];
  /** Without it there is no journal; with it, listings have what is in memory alone. */
  readonly journalMaxAgeMs: number | undefined;
  readonly diskDelayMs: number;
  /** Share of appends and syncs that fail. */
  readonly diskFailures: number;
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

/** Half of the trials are about one thing, and meet it often. */
export function drawProfile(random: SeededRandom): Profile {
  const profile = withDurabilities(random, drawSituation(random));
  if (profile.journalMaxAgeMs === undefined) return profile;
  // What was decided by a value that memory alone has lands on nothing, also when that value is not there any more.
  const late = profile.durabilities.includes('memory') ? 0 : profile.late;
  return { ...profile, late, events: profile.events.filter((event) => !elsewhere.includes(event)) };
}

/**
 * Another machine's proxy has nothing of this one's journal and memory. And where the store is not asked, none of its
 * conditions finds out what others did meanwhile.
 */
const elsewhere: readonly TrialEvent[] = ['takeover', 'external write', 'external delete'];

/** In a third of the trials every write waits for the store, in another writes may be journaled. */
function withDurabilities(random: SeededRandom, profile: Profile): Profile {
  const oneOf = <T>(...choices: readonly [T, ...T[]]): T => choices[random.integer(choices.length)] ?? choices[0];
  switch (random.integer(3)) {
    case 0:
      return profile;
    case 1:
      return { ...profile, durabilities: ['memory', 'store'], journalMaxAgeMs: 60_000 };
    default:
      return {
        ...profile,
        durabilities: oneOf<Durability[]>(['journal'], ['journal', 'store'], ['memory', 'journal', 'store']),
        journalMaxAgeMs: oneOf(60_000, 60_000, 80),
        diskDelayMs: oneOf(0, 3, 10),
        diskFailures: oneOf(0, 0, 0.05),
      };
  }
}

function drawSituation(random: SeededRandom): Profile {
  const profile = drawAnything(random);
  const crowd = {
    keys: random.integer(2) === 0 ? ['k1'] : ['c1'],
    clients: 5,
    pauseMs: 5,
    storeDelayMs: 20,
    slow: 0.25,
  };
  switch (random.integer(6)) {
    case 0:
      return { ...profile, ...crowd, expiry: false, events: ['takeover', 'snapshot'], eventPauseMs: 40 };
    case 1:
      return { ...profile, ...crowd, expiry: true, late: 0, lifeMs: 40, events: [] };
    case 2: {
      const keys = ['k1', 'k2'];
      return {
        ...profile,
        ...crowd,
        keys,
        maxEntries: 1,
        events: ['external write', 'external delete'],
        eventPauseMs: 40,
      };
    }
    default:
      return profile;
  }
}

function drawAnything(random: SeededRandom): Profile {
  const sometimes = (share: number) => random.double() < share;
  const oneOf = <T>(first: T, ...others: readonly T[]): T => others[random.integer(others.length + 1) - 1] ?? first;
  // A request that lands late can undo an expiry that was seen: without an expiry it cannot.
  const expiry = sometimes(0.5);
  const withoutExpiry: readonly TrialEvent[] = ['takeover'];
  const events = trialEvents.filter((event) => sometimes(0.4) && !(expiry && withoutExpiry.includes(event)));
  return {
    clients: 2 + random.integer(5),
    operationsPerClient: 6 + random.integer(14),
    keys: oneOf(['k1'], ['k1'], ['k1', 'c1'], ['k1', 'k2', 'c1'], ['c1'], ['k1', 'k2', 'k3']),
    pauseMs: oneOf(1, 5, 25),
    storeDelayMs: oneOf(0, 4, 15, 30),
    nodeDelayMs: oneOf(0, 3, 12),
    slow: oneOf(0, 0.1, 0.25),
    refused: sometimes(0.3) ? 0.1 : 0,
    lost: sometimes(0.3) ? 0.08 : 0,
    late: !expiry && sometimes(0.4) ? 0.08 : 0,
    never: sometimes(0.2) ? 0.05 : 0,
    defects: sometimes(0.2) ? 0.05 : 0,
    brokenBodies: sometimes(0.2) ? 0.1 : 0,
    nodeRefusals: sometimes(0.3) ? 0.15 : 0,
    expiry,
    lifeMs: oneOf(20, 50, 150),
    events,
    eventPauseMs: oneOf(8, 25, 80),
    nodes: 5 + random.integer(3),
    capacityBytes: oneOf(1024 * 1024, 4 * 1100, 9 * 1100),
    maxEntries: oneOf(100, 1, 2),
    bodyMemoryBytes: oneOf(64 * 1024, 1300, 2600),
    maxAbsentKeys: oneOf(100, 1, 0),
    placeOnRead: oneOf<PlacingRead>('first', 'second', 'never'),
    ...{ durabilities: ['store'], journalMaxAgeMs: undefined, diskDelayMs: 0, diskFailures: 0 },
  };
}
