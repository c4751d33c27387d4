import { describe, expect, it } from 'vitest';
import type { ProxyStatus } from '../status/status.ts';
import { createMetrics } from './counted-metrics.ts';
import { createExposition } from './exposition.ts';
import { durationBoundsSeconds } from './histogram.ts';

describe('the metrics as Prometheus text', () => {
  it('has every series from the start, as zero', async () => {
    const samples = await render(createMetrics());
    expect(samples.get('sion_gets_total{source="hot"}')).toBe(0);
    expect(samples.get('sion_puts_total{durability="journal"}')).toBe(0);
    expect(samples.get('sion_invocations_total{cause="migration"}')).toBe(0);
    expect(samples.get('sion_cost_usd_total{cause="warmup"}')).toBe(0);
    expect(samples.get('sion_store_requests_total{op="list"}')).toBe(0);
    expect(samples.get('sion_recoveries_total')).toBe(0);
    expect(samples.get('sion_get_duration_seconds_count{source="miss"}')).toBe(0);
  });

  it('counts exactly, and the same when asked twice', async () => {
    const metrics = createMetrics();
    metrics.countGet('memory', 100, 0.002);
    metrics.countGet('memory', 50, 7);
    metrics.countGet('miss', 0, 0.0001);
    metrics.countPut('store', 150, 0.3);
    metrics.countDelete();
    metrics.countInvocation('request');
    metrics.addCost('serving', 0.25);
    metrics.addCost('serving', 0.5);
    metrics.countStoreRequest('get');
    metrics.countRecovery(12);
    metrics.countRepairedChunk();
    metrics.countRecoveredChunk('data', 4096);
    metrics.countParityLeft(2);
    metrics.countRecoveryGivenUp(3);
    metrics.countUnplaced();
    metrics.countDrained();
    metrics.countDrainRetry();
    metrics.countDrainRetry();
    metrics.countJournalFull();
    const expected: [string, number][] = [
      ['sion_gets_total{source="memory"}', 2],
      ['sion_gets_total{source="miss"}', 1],
      ['sion_gets_total{source="store"}', 0],
      ['sion_puts_total{durability="store"}', 1],
      ['sion_read_bytes_total', 150],
      ['sion_written_bytes_total', 150],
      ['sion_deletes_total', 1],
      ['sion_invocations_total{cause="request"}', 1],
      ['sion_cost_usd_total{cause="serving"}', 0.75],
      ['sion_store_requests_total{op="get"}', 1],
      ['sion_recoveries_total', 1],
      ['sion_lost_chunks_total', 12],
      ['sion_repaired_chunks_total', 1],
      ['sion_recovered_chunks_total{kind="data"}', 1],
      ['sion_recovered_bytes_total{kind="data"}', 4096],
      ['sion_recovered_bytes_total{kind="parity"}', 0],
      ['sion_parity_left_chunks_total', 2],
      ['sion_recovery_given_up_chunks_total', 3],
      ['sion_unplaced_objects_total', 1],
      ['sion_journal_drained_total', 1],
      ['sion_journal_retries_total', 2],
      ['sion_journal_full_total', 1],
    ];
    const exposition = createExposition(metrics, { status: () => status });
    for (let round = 0; round < 2; round += 1) {
      const samples = parse(await exposition.render());
      for (const [name, value] of expected) expect([name, samples.get(name)]).toEqual([name, value]);
    }
  });

  it('renders durations as cumulative buckets', async () => {
    const metrics = createMetrics();
    for (const seconds of [0.0001, 0.00011, 0.9, 1, 1000, -1, Number.NaN]) metrics.countGet('store', 1, seconds);
    const samples = await render(metrics);
    const bucket = (le: string) => samples.get(`sion_get_duration_seconds_bucket{source="store",le="${le}"}`);
    expect(bucket('0.0001')).toBe(3);
    expect(bucket('0.00025')).toBe(4);
    expect(bucket('0.5')).toBe(4);
    expect(bucket('1')).toBe(6);
    expect(bucket('100')).toBe(6);
    expect(bucket('+Inf')).toBe(7);
    expect(samples.get('sion_get_duration_seconds_count{source="store"}')).toBe(7);
    expect(samples.get('sion_get_duration_seconds_sum{source="store"}')).toBeCloseTo(1001.90021, 9);
    expect(
      [...samples.keys()].filter((name) => name.includes('get_duration_seconds_bucket{source="hot"')),
    ).toHaveLength(durationBoundsSeconds.length + 1);
  });

  it('shows nodes and windows by state, all states always', async () => {
    const samples = await render(createMetrics());
    expect(samples.get('sion_nodes{state="open"}')).toBe(2);
    expect(samples.get('sion_nodes{state="idle"}')).toBe(1);
    expect(samples.get('sion_nodes{state="backoff"}')).toBe(0);
    expect(samples.get('sion_window_bytes{state="active"}')).toBe(70);
    expect(samples.get('sion_window_bytes{state="released"}')).toBe(0);
    expect(samples.get('sion_snapshot_entries')).toBe(8);
    expect(samples.get('sion_snapshot_entries_loaded')).toBe(2);
    expect(samples.get('sion_snapshot_loading')).toBe(1);
    expect(samples.get('sion_serving')).toBe(1);
    expect(samples.get('sion_recovery_backlog_chunks')).toBe(5);
    expect(samples.get('sion_recoveries_under_way')).toBe(2);
    expect(samples.get('sion_memory_capacity_bytes')).toBe(300);
    expect(samples.get('sion_spending_usd')).toBe(0.25);
    expect(samples.get('sion_spending_limit_usd')).toBe(2);
    expect(samples.get('sion_saving')).toBe(0);
    expect([samples.get('sion_hot_bytes'), samples.get('sion_hot_objects')]).toEqual([4096, 3]);
  });

  it('shows what the journal holds', async () => {
    const samples = await render(createMetrics());
    const names = ['names', 'records', 'bytes', 'disk_bytes', 'oldest_seconds'];
    expect(names.map((name) => samples.get(`sion_journal_${name}`))).toEqual([2, 3, 500, 4096, 7]);
  });
});

const node = { chunks: 1, usedBytes: 10, capacityBytes: 100, invocations: 1, losses: 0 };

const status: ProxyStatus = {
  version: '0',
  state: 'serving',
  uptimeSeconds: 5,
  epoch: 1,
  durability: 'store',
  journal: {
    names: 2,
    storedNames: 1,
    keptSeconds: 9,
    records: 3,
    bytes: 500,
    maxBytes: 1000,
    diskBytes: 4096,
    oldestSeconds: 7,
    maxAgeSeconds: 600,
  },
  store: { kind: 'directory', place: '/data', reachable: true },
  objects: { inMemory: 3, complete: 2, pinned: 0, maxPlacedBytes: 2 ** 30 },
  snapshot: { isLoading: true, loaded: 2, total: 8 },
  recovery: { backlogChunks: 5, underWay: 2 },
  budget: { lastHourUsd: 0.25, maxUsdPerHour: 2, isSaving: false },
  memory: { usedBytes: 30, copyBytes: 0, capacityBytes: 300 },
  hot: { objects: 3, bytes: 4096, maxBytes: 65_536 },
  migration: { waiting: 4, underWay: 1 },
  windows: [
    { window: 1, state: 'active', groups: [], usedBytes: 30, capacityBytes: 300, reads: { now: 2, before: 9 } },
    { window: 2, state: 'active', groups: [], usedBytes: 40, capacityBytes: 300, reads: { now: 3, before: 0 } },
  ],
  nodes: [
    { ...node, node: 0, functionName: 'a', state: 'open' },
    { ...node, node: 1, functionName: 'b', state: 'open' },
    { ...node, node: 2, functionName: 'c', state: 'idle' },
  ],
  connections: { resp: 0, links: 0 },
  totals: createMetrics().snapshot(),
};

async function render(metrics: ReturnType<typeof createMetrics>): Promise<ReadonlyMap<string, number>> {
  return parse(await createExposition(metrics, { status: () => status }).render());
}

/** A strict reader of the text format: each sample follows its HELP and TYPE, no series twice, every value a number. */
function parse(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  const declared = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) {
      declared.set(type[1] ?? '', type[2] ?? '');
      continue;
    }
    if (/^# HELP \S+ \S/.test(line)) continue;
    const sample = /^([a-z_]+)(\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? (\S+)$/.exec(line);
    if (sample === null) throw new Error(`not a line of the text format: ${line}`);
    const [, name = '', labels = '', value = ''] = sample;
    const family = declared.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    if (!declared.has(family)) throw new Error(`no TYPE before ${line}`);
    if (!Number.isFinite(Number(value))) throw new Error(`no number: ${line}`);
    if (samples.has(name + labels)) throw new Error(`twice: ${name}${labels}`);
    samples.set(name + labels, Number(value));
  }
  return samples;
}
