import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import type { NodeStatus } from '../fleet/fleet.ts';
import { createMetrics } from '../metrics/counted-metrics.ts';
import { formatBytes, formatLiveLine, formatStatus, formatUsd } from './human.ts';
import type { ProxyStatus } from './status.ts';
import { createStatusSource, type StatusParts } from './status-source.ts';

const node: Omit<NodeStatus, 'node' | 'functionName' | 'state'> = {
  chunks: 2,
  usedBytes: 1024,
  capacityBytes: 2 ** 20,
  invocations: 3,
  losses: 1,
};

const emptyNames = { names: 0, storedNames: 0, keptUntilMs: undefined };
const emptyDepth = {
  ...emptyNames,
  ...{ records: 0, bytes: 0, diskBytes: 0, oldestMs: undefined, failingSinceMs: undefined },
};

function sample(
  snapshot: ProxyStatus['snapshot'] = { isLoading: false, loaded: 9, total: 9 },
  depth: ReturnType<StatusParts['journal']> = emptyDepth,
  budget: ProxyStatus['budget'] = { lastHourUsd: 0.02, maxUsdPerHour: 0, isSaving: false },
) {
  const clock = createManualClock();
  const metrics = createMetrics();
  const source = createStatusSource({
    version: '0.1.0',
    clock,
    metrics,
    state: () => 'serving',
    epoch: () => 7,
    durability: 'journal',
    journal: () => depth,
    journalBounds: { journalBytes: 2 ** 20, journalMaxAgeMs: 7_200_000 },
    store: () => ({ kind: 'directory', place: '/data/store', reachable: true }),
    objects: () => ({ inMemory: 5, complete: 4, pinned: 1, maxPlacedBytes: 2 ** 30 }),
    snapshot: () => snapshot,
    recovery: () => ({ backlogChunks: 7, underWay: 3 }),
    copyBytes: () => 0,
    budget: () => budget,
    hot: () => ({ objects: 3, bytes: 4096, maxBytes: 65_536 }),
    migration: () => ({ waiting: 4, underWay: 1 }),
    windows: () => [
      {
        window: 1,
        state: 'active',
        groups: [{ group: 0, nodes: ['n0', 'n1'] }],
        usedBytes: 2048,
        capacityBytes: 2 ** 21,
        reads: { now: 3, before: 12 },
      },
    ],
    nodes: () => [
      { ...node, node: 0, functionName: 'sion-node-000', state: 'open', instance: 'i-1' },
      { ...node, node: 1, functionName: 'sion-node-001', state: 'idle', instance: 'i-2' },
      { ...node, node: 2, functionName: 'sion-node-002', state: 'idle', chunks: 0, usedBytes: 0 },
    ],
    connections: () => ({ resp: 2, links: 4 }),
  });
  metrics.countGet('memory', 100, 0.1);
  metrics.countGet('hot', 100, 0.1);
  metrics.countGet('store', 100, 0.1);
  metrics.countPut('store', 5000, 0.1);
  metrics.addCost('serving', 0.00004);
  metrics.countBypassed();
  metrics.countRecoveredChunk('data', 2048);
  metrics.countParityLeft(2);
  metrics.countRecoveryGivenUp(1);
  metrics.addCost('store', 0.000002);
  clock.advance(3_725_900);
  return source.status();
}

describe('the status for people', () => {
  it('adds up memory and time from the parts', () => {
    const status = sample();
    expect(status.memory).toEqual({ usedBytes: 2048, copyBytes: 0, capacityBytes: 3 * 2 ** 20 });
    expect(status.uptimeSeconds).toBe(3725);
    expect(status.totals.gets.hot).toBe(1);
  });

  it('fits on one live line', () => {
    expect(formatLiveLine(sample())).toBe(
      'serving · GET 1 hot, 1 memory, 0 decoded, 1 store, 0 miss · PUT 1 · functions 1 awake, 1 warm of 3 · 2.0 KiB in memory · $0.000042',
    );
  });

  it('lists parts, windows and nodes', () => {
    const lines = formatStatus(sample()).split('\n');
    expect(lines[0]).toBe('SION 0.1.0 · serving · up 1 h 2 min · epoch 7');
    expect(lines).toContain('  store       directory /data/store, reachable');
    expect(lines).toContain('  hot         3 objects, 4.0 KiB of 64.0 KiB in the proxy');
    expect(lines).toContain('  objects     5 in memory (4 complete, 1 pinned)');
    expect(lines).toContain(
      '  moved       0 chunks (0 B) to newer windows, 4 pieces to come, 1 under way; functions released 0 times, groups rotated 0 times',
    );
    expect(lines).toContain('  bypassed    1 writes and reads of objects above 1.0 GiB');
    expect(lines).toContain(
      '  recovered   1 chunks (2.0 KiB), 7 to come, 3 under way; 2 parity chunks left to repair so far, 1 given up',
    );
    expect(lines).toContain(
      '  window 1    active, 2.0 KiB of 2.0 MiB, read 3 times (12 in the window before), groups 0 (2 nodes)',
    );
    expect(lines).toContain('function       state  chunks  memory              invoked  losses  instance');
    expect(lines).toContain('sion-node-000  open   2       1.0 KiB of 1.0 MiB  3        1       i-1');
    expect(lines.at(-1)).toBe('sion-node-002  idle   0       0 B of 1.0 MiB      3        1       —');
  });

  it('says what of a bound in dollars is spent, and that it saves', () => {
    expect(formatStatus(sample())).not.toContain('  budget ');
    const spent = sample(undefined, undefined, { lastHourUsd: 1.25, maxUsdPerHour: 1, isSaving: true });
    expect(formatStatus(spent)).toContain(
      '  budget      $1.25 for functions in the last hour, of $1.00\n              It is spent: the store serves',
    );
    expect(formatLiveLine(spent)).toContain('budget spent: the store serves');
  });

  it('says how far the snapshot is loaded, while it is', () => {
    expect(formatStatus(sample({ isLoading: true, loaded: 300, total: 1000 })).split('\n')).toContain(
      '  snapshot    loading, 300 of 1000 entries; memory is not used yet',
    );
    expect(formatStatus(sample())).not.toContain('snapshot');
  });

  it('says when writes are acknowledged, and nothing of a journal that was never used', () => {
    const text = formatStatus(sample());
    expect(text).toContain(
      '  writes      acknowledged when the journal has them (journal), unless they choose otherwise',
    );
    expect(text).not.toContain('  journal ');
    expect(sample().journal).toEqual({
      ...{
        names: 0,
        storedNames: 0,
        keptSeconds: 0,
        records: 0,
        bytes: 0,
        maxBytes: 2 ** 20,
        diskBytes: 0,
        oldestSeconds: 0,
        maxAgeSeconds: 7200,
      },
    });
  });

  it('says what the journal holds, and what to do when the store takes nothing of it', () => {
    const held = { ...emptyNames, names: 2, records: 3, bytes: 2048, diskBytes: 4096, oldestMs: 3_700_900 };
    const waiting = formatStatus(sample(undefined, { ...held, failingSinceMs: undefined })).split('\n');
    expect(waiting).toContain(
      '  journal     3 writes of 2 keys, 2.0 KiB of 1.0 MiB (4.0 KiB on disk), oldest 25 s; ' +
        '0 brought to the store, 0 retries, 0 past it',
    );
    expect(waiting).toContain('              2 keys wait for the store.');
    expect(waiting.join()).not.toContain('has taken nothing');
    const kept = sample(undefined, { ...held, storedNames: 2, keptUntilMs: 3_726_000, failingSinceMs: undefined });
    expect(formatStatus(kept)).toContain(
      '  0 keys wait for the store; 2 are in the store and kept until no earlier attempt can land, for 1 s more.',
    );
    const stuck = sample(undefined, { ...held, failingSinceMs: 3_605_900 });
    expect(stuck.journal.failingSeconds).toBe(120);
    expect(formatStatus(stuck)).toContain('The store has taken nothing for 2 min 0 s. What was acknowledged is kept;');
    expect(formatStatus(stuck)).not.toContain('at its bound');
    expect(formatLiveLine(stuck)).toMatch(/ · 2 keys in the journal wait for the store$/);
  });

  it.each([{ bytes: 2 ** 20 }, { oldestMs: -4_000_000 }])('says that the journal is at its bound: %j', (change) => {
    const depth = { ...emptyDepth, names: 1, records: 1, bytes: 1, oldestMs: 0, ...change };
    expect(formatStatus(sample(undefined, depth))).toContain('at its bound: writes go to the store at once');
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1024 * 1024 - 1, '1.0 MiB'],
    [5 * 1024 ** 4, '5.0 TiB'],
    [5000 * 1024 ** 4, '5000.0 TiB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('shows small sums of money', () => {
    expect([formatUsd(0), formatUsd(0.000042), formatUsd(12.345)]).toEqual(['$0.00', '$0.000042', '$12.35']);
    expect([formatUsd(1e-7), formatUsd(0.000000123)]).toEqual(['$0.00000010', '$0.00000012']);
  });
});
