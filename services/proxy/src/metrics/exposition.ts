/**
 * The metrics as Prometheus text. Everything is pulled when somebody asks: totals from the counting form, gauges from
 * the status. The names are fixed by NAMES; a series that was ever published is never renamed.
 */
import { Counter, Gauge, type MetricObjectWithValues, type MetricValueWithName, Registry } from '@prometheus-io/client';
import { sessionPhases } from '@sion/core';
import type { ProxyStatus, StatusSource } from '../status/status.ts';
import type { CountedMetrics, Durations } from './counted-metrics.ts';
import { type DurationCounts, durationBoundsSeconds } from './histogram.ts';
import type { MetricsSnapshot } from './metrics.ts';

/** Renders the present numbers. */
export interface Exposition {
  readonly contentType: string;
  render(): Promise<string>;
}

export function createExposition(metrics: CountedMetrics, source: StatusSource): Exposition {
  const registry = new Registry();
  registerTotals(registry, () => metrics.snapshot());
  registerDurations(registry, () => metrics.durations());
  registerGauges(registry, () => source.status());
  return { contentType: registry.contentType, render: () => registry.metrics() };
}

type Plain = (name: string, help: string, value: (totals: MetricsSnapshot) => number) => void;

function registerTotals(registry: Registry, read: () => MetricsSnapshot): void {
  const plain: Plain = (name, help, value) => {
    const collect = function (this: Counter): void {
      this.reset();
      this.inc(value(read()));
    };
    registry.registerMetric(new Counter({ name, help, registers: [], collect }));
  };
  const labelled = <L extends string>(
    name: string,
    help: string,
    label: L,
    values: (totals: MetricsSnapshot) => Readonly<Record<string, number>>,
  ) => {
    const collect = function (this: Counter<string>): void {
      this.reset();
      for (const [of, value] of Object.entries(values(read()))) this.inc({ [label]: of }, value);
    };
    registry.registerMetric(new Counter<string>({ name, help, labelNames: [label], registers: [], collect }));
  };
  labelled('sion_gets_total', 'Reads of objects, by where the bytes came from.', 'source', (t) => t.gets);
  labelled('sion_puts_total', 'Acknowledged writes of objects, by durability.', 'durability', (t) => t.puts);
  plain('sion_deletes_total', 'Acknowledged deletes of objects.', (t) => t.deletes);
  plain('sion_read_bytes_total', 'Bytes of objects handed to readers.', (t) => t.readBytes);
  plain('sion_written_bytes_total', 'Bytes of objects taken from writers.', (t) => t.writtenBytes);
  labelled('sion_invocations_total', 'Invocations of functions, by cause.', 'cause', (t) => t.invocations);
  labelled('sion_cost_usd_total', 'Dollars spent at list prices, by cause.', 'cause', (t) => t.costUsd);
  labelled('sion_store_requests_total', 'Requests to the durable store.', 'op', (t) => t.storeRequests);
  plain('sion_recoveries_total', 'Losses of instances that were noticed.', (t) => t.recoveries);
  plain('sion_lost_chunks_total', 'Chunks that those losses took.', (t) => t.lostChunks);
  plain(
    'sion_repaired_chunks_total',
    'Chunks that were put back after a loss or a bad checksum.',
    (t) => t.repairedChunks,
  );
  labelled(
    'sion_recovered_chunks_total',
    'Lost chunks that were brought back ahead of reads.',
    'kind',
    (t) => t.recoveredChunks,
  );
  labelled('sion_recovered_bytes_total', 'Bytes of those chunks.', 'kind', (t) => t.recoveredBytes);
  plain(
    'sion_parity_left_chunks_total',
    'Lost parity chunks that were left to be made anew when their fragment passes by.',
    (t) => t.parityLeftChunks,
  );
  plain(
    'sion_recovery_given_up_chunks_total',
    'Lost chunks that come back on demand alone: no room, too many, or too many failures.',
    (t) => t.recoveryGivenUpChunks,
  );
  plain('sion_unplaced_objects_total', 'Objects whose placement in memory was given up.', (t) => t.unplacedObjects);
  plain(
    'sion_bypassed_objects_total',
    'Writes and whole reads of objects that are too large for memory.',
    (t) => t.bypassedObjects,
  );
  plain('sion_journal_drained_total', 'Journaled writes and deletes that the store has confirmed.', (t) => t.drained);
  plain('sion_journal_retries_total', 'Attempts to bring them to the store that failed.', (t) => t.drainRetries);
  plain(
    'sion_journal_full_total',
    'Writes that the journal did not take and that went to the store at once.',
    (t) => t.journalFull,
  );
  registerWindows(plain);
  registerDemand(plain);
}

/** What comes of windows that turn. */
function registerWindows(plain: Plain): void {
  plain('sion_migrated_chunks_total', 'Chunks that moved to a newer window.', (t) => t.migratedChunks);
  plain('sion_migrated_bytes_total', 'Bytes of those chunks.', (t) => t.migratedBytes);
  plain('sion_released_nodes_total', 'Times that a node was released.', (t) => t.releasedNodes);
  plain(
    'sion_rotated_groups_total',
    'Groups that took no new data any more because their instances were old.',
    (t) => t.rotatedGroups,
  );
}

/** What comes of nodes that have too much to do. */
function registerDemand(plain: Plain): void {
  plain('sion_chunk_requests_total', 'Chunks that reads asked memory for.', (t) => t.chunkRequests);
  plain(
    'sion_demand_copies_total',
    'Chunks that another function pulled from the store because those that have them had too much to do.',
    (t) => t.demandCopies,
  );
  plain('sion_demand_hits_total', 'Chunk requests that such a copy served again.', (t) => t.demandHits);
  plain(
    'sion_busy_misses_total',
    'Chunks that were read from the store because every function that has them had too much to do.',
    (t) => t.busyMisses,
  );
}

function registerDurations(registry: Registry, read: () => Durations): void {
  const register = (
    name: string,
    help: string,
    label: string,
    values: () => Readonly<Record<string, DurationCounts>>,
  ) => registry.registerMetric(new CountedHistogram(name, help, label, values));
  register('sion_get_duration_seconds', 'From taking a read to its last byte.', 'source', () => read().gets);
  register('sion_put_duration_seconds', 'From taking a write to its acknowledgement.', 'durability', () => read().puts);
}

const windowStates = ['active', 'degraded', 'released'] as const;

function registerGauges(registry: Registry, read: () => ProxyStatus): void {
  const plain = (name: string, help: string, value: (status: ProxyStatus) => number) => {
    const collect = function (this: Gauge): void {
      this.set(value(read()));
    };
    registry.registerMetric(new Gauge({ name, help, registers: [], collect }));
  };
  const byState = (name: string, help: string, collect: (this: Gauge<'state'>) => void) => {
    registry.registerMetric(new Gauge({ name, help, labelNames: ['state'], registers: [], collect }));
  };
  byState('sion_nodes', 'Nodes by the state of their session.', function () {
    for (const state of sessionPhases) this.set({ state }, 0);
    for (const node of read().nodes) this.inc({ state: node.state });
  });
  byState('sion_window_bytes', 'Bytes of chunks in memory, by the state of their window.', function () {
    for (const state of windowStates) this.set({ state }, 0);
    for (const window of read().windows) this.inc({ state: window.state }, window.usedBytes);
  });
  byState(
    'sion_window_reads',
    'Pieces of objects read since the newest window opened, by the state of their window.',
    function () {
      for (const state of windowStates) this.set({ state }, 0);
      for (const window of read().windows) this.inc({ state: window.state }, window.reads.now);
    },
  );
  plain('sion_hot_bytes', 'Bytes of the hot tier in the proxy.', (s) => s.hot.bytes);
  plain('sion_hot_objects', 'Objects in the hot tier.', (s) => s.hot.objects);
  plain('sion_objects_in_memory', 'Objects with chunks in memory.', (s) => s.objects.inMemory);
  plain('sion_snapshot_entries', 'Entries of the snapshot that this proxy began with.', (s) => s.snapshot.total);
  plain('sion_snapshot_entries_loaded', 'Those of them that are loaded.', (s) => s.snapshot.loaded);
  plain('sion_snapshot_loading', '1 while the snapshot is being loaded, else 0.', (s) => Number(s.snapshot.isLoading));
  plain('sion_recovery_backlog_chunks', 'Lost chunks that are to be brought back.', (s) => s.recovery.backlogChunks);
  plain('sion_recoveries_under_way', 'Those of them that are being brought back.', (s) => s.recovery.underWay);
  plain(
    'sion_migrations_waiting',
    'Pieces of objects that are to move to the newest window.',
    (s) => s.migration.waiting,
  );
  plain('sion_migrations_under_way', 'Those that are moving.', (s) => s.migration.underWay);
  plain('sion_journal_names', 'Keys that have a write in the journal.', (s) => s.journal.names);
  plain(
    'sion_journal_stored_names',
    'Those of them that the store has: kept until no earlier attempt can land. The others wait for the store.',
    (s) => s.journal.storedNames,
  );
  plain('sion_journal_records', 'Acknowledged writes in the journal.', (s) => s.journal.records);
  plain('sion_journal_bytes', 'Bytes of those writes.', (s) => s.journal.bytes);
  plain('sion_journal_disk_bytes', 'Bytes of the journal’s files.', (s) => s.journal.diskBytes);
  plain('sion_journal_oldest_seconds', 'How long the oldest of them has waited.', (s) => s.journal.oldestSeconds);
  plain('sion_demand_copy_bytes', 'Bytes of copies of chunks whose functions were busy.', (s) => s.memory.copyBytes);
  plain('sion_spending_usd', 'Dollars that functions have cost in the last hour.', (s) => s.budget.lastHourUsd);
  plain('sion_spending_limit_usd', 'What they may cost in an hour; 0 = no bound.', (s) => s.budget.maxUsdPerHour);
  plain('sion_saving', '1 while that is spent and the store serves, else 0.', (s) => Number(s.budget.isSaving));
  plain('sion_memory_capacity_bytes', 'Bytes that the nodes may hold.', (s) => s.memory.capacityBytes);
  plain('sion_serving', '1 while requests are served, else 0.', (s) => (s.state === 'serving' ? 1 : 0));
  plain('sion_uptime_seconds', 'Seconds since the proxy started.', (s) => s.uptimeSeconds);
}

/**
 * A histogram whose buckets were counted elsewhere. The client's own `Histogram` takes single observations only, so this
 * one takes a gauge's place in the registry and gives the finished series itself.
 */
class CountedHistogram extends Gauge<string> {
  readonly #name: string;
  readonly #help: string;
  readonly #label: string;
  readonly #read: () => Readonly<Record<string, DurationCounts>>;

  constructor(name: string, help: string, label: string, read: () => Readonly<Record<string, DurationCounts>>) {
    super({ name, help, labelNames: [label], registers: [] });
    this.#name = name;
    this.#help = help;
    this.#label = label;
    this.#read = read;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const values = Object.entries(this.#read()).flatMap(([of, counts]) => this.#series(of, counts));
    return { name: this.#name, help: this.#help, type: 'histogram', aggregator: 'sum', collect() {}, values };
  }

  #series(of: string, counted: DurationCounts): MetricValueWithName<string>[] {
    const labels = { [this.#label]: of };
    const metricName = `${this.#name}_bucket`;
    let below = 0;
    const buckets = durationBoundsSeconds.map((bound, place) => {
      below += counted.counts[place] ?? 0;
      return { metricName, labels: { ...labels, le: bound }, value: below };
    });
    return [
      ...buckets,
      { metricName, labels: { ...labels, le: '+Inf' }, value: counted.count },
      { metricName: `${this.#name}_sum`, labels, value: counted.sumSeconds },
      { metricName: `${this.#name}_count`, labels, value: counted.count },
    ];
  }
}
