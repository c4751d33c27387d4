/**
 * Replays a workload against a world, each request when it is due, whether or not earlier ones are done; verifies every byte
 * that is read, and samples what memory holds meanwhile.
 */
import type { MetricsSnapshot } from '@sion/proxy';
import { Payload, payloadOf, type ReplayStep, SeededRandom } from '@sion/workload';
import type { TraceWorld } from './trace-world.ts';

const minuteMs = 60_000;

export interface ReplayResult {
  readonly gets: number;
  readonly reaccesses: number;
  /** Re-accesses that memory served, decoded ones included. */
  readonly hits: number;
  readonly problems: readonly string[];
  /** Of data chunks on nodes that are not released, unscaled, mean over the samples. */
  readonly meanResidentBytes: number;
  /** Nodes of active and degraded windows, mean over the samples. */
  readonly meanWarmNodes: number;
  /** Of all chunks on those nodes, in what they may hold; mean over the samples. */
  readonly meanFill: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  readonly totals: MetricsSnapshot;
  /** Touches that InfiniStore's policy would have made of the same nodes: active each minute, degraded each five. */
  readonly plainWarmUps: number;
  readonly plainWarmUpUsd: number;
  /** In the last minute, a window after the horizon. */
  readonly invocationsAtEnd: number;
  readonly virtualHours: number;
}

class Samples {
  #count = 0;
  #residentBytes = 0;
  #warmNodes = 0;
  #fill = 0;
  plainWarmUps = 0;

  take({ service, options }: TraceWorld): void {
    const { placement, fleet, engine } = service;
    let [residentBytes, usedBytes, capacityBytes] = [0, 0, 0];
    for (const { state, groups } of placement.windows()) {
      for (const { nodes } of groups) {
        if (state === 'active') this.plainWarmUps += nodes.length;
        else if (state === 'degraded') this.plainWarmUps += nodes.length / 5;
        for (const node of nodes) {
          const fill = fleet.fill(node);
          if (state !== 'released') {
            this.#warmNodes++;
            usedBytes += fill.usedBytes;
            capacityBytes += fill.capacityBytes;
          }
          for (const { id, lengthBytes } of fleet.manifest(node)) {
            const object = engine.memory.objectOf(id);
            if (object === undefined || id.index < object.layout.dataChunks) residentBytes += lengthBytes;
          }
        }
      }
    }
    this.#count++;
    this.#residentBytes += residentBytes * options.scale;
    this.#fill += capacityBytes === 0 ? 0 : usedBytes / capacityBytes;
  }

  get means() {
    const count = Math.max(1, this.#count);
    return {
      meanResidentBytes: this.#residentBytes / count,
      meanWarmNodes: this.#warmNodes / count,
      meanFill: this.#fill / count,
    };
  }
}

class Replayer {
  readonly problems: string[] = [];
  readonly latenciesMs: number[] = [];
  gets = 0;
  reaccesses = 0;
  hits = 0;
  readonly #world: TraceWorld;
  readonly #putting = new Map<string, Promise<void>>();

  constructor(world: TraceWorld) {
    this.#world = world;
  }

  async run({ record, sizeBytes, isPutBefore, isFirst }: ReplayStep): Promise<void> {
    const world = this.#world;
    const { key } = record;
    const scaledBytes = Math.max(1, Math.round(sizeBytes / world.options.scale));
    try {
      if (isPutBefore || record.operation === 'put') await this.#put(key, scaledBytes);
      // A read that was recorded right after the first one comes while that one's object is being written.
      else await this.#putting.get(key);
      if (record.operation !== 'get') return;
      const beganMs = world.time.nowMs;
      const got = await world.get(key);
      this.latenciesMs.push(world.time.nowMs - beganMs);
      this.#note(key, isFirst, got, scaledBytes);
    } catch (thrown) {
      this.problems.push(`${key}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }

  async #put(key: string, sizeBytes: number): Promise<void> {
    const putting = this.#world.put(key, payloadOf(key, 1, sizeBytes));
    this.#putting.set(key, putting);
    try {
      await putting;
    } finally {
      this.#putting.delete(key);
    }
  }

  #note(key: string, isFirst: boolean, got: Awaited<ReturnType<TraceWorld['get']>>, sizeBytes: number): void {
    if (got === undefined) return void this.problems.push(`${key} is not there`);
    const wrong = new Payload({ key, version: 1, sizeBytes }).check(got.bytes, 0);
    if (wrong !== undefined) this.problems.push(`${key}: byte ${wrong.offset} is wrong`);
    this.gets++;
    if (isFirst) return;
    this.reaccesses++;
    if (got.source === 'memory' || got.source === 'decoded') this.hits++;
  }
}

/** Resolves when the last request is answered, and the windows are over. */
export async function replay(world: TraceWorld, steps: readonly ReplayStep[]): Promise<ReplayResult> {
  const replayer = new Replayer(world);
  const samples = new Samples();
  const touchUsd = await priceOfTouch(world);
  const begunMs = world.time.nowMs;
  const lastMs = steps.at(-1)?.atMs ?? 0;
  const underWay: Promise<void>[] = [];
  for (const step of steps) {
    underWay.push(world.sleep(step.atMs).then(() => replayer.run(step)));
  }
  reclaimNowAndThen(world, lastMs);
  for (let atMs = minuteMs; atMs < lastMs; atMs += minuteMs) world.time.after(atMs, () => samples.take(world));
  await world.pass(world.sleep(lastMs));
  await world.pass(Promise.all(underWay));
  const totals = world.service.metrics.snapshot();
  const invocationsAtEnd = await letPass(world);
  return {
    ...{ gets: replayer.gets, reaccesses: replayer.reaccesses, hits: replayer.hits, problems: replayer.problems },
    ...samples.means,
    latencyMs: { p50: quantile(replayer.latenciesMs, 0.5), p99: quantile(replayer.latenciesMs, 0.99) },
    totals,
    plainWarmUps: samples.plainWarmUps,
    plainWarmUpUsd: samples.plainWarmUps * touchUsd,
    invocationsAtEnd,
    virtualHours: (world.time.nowMs - begunMs) / 3_600_000,
  };
}

/** What the meter bills for touching an instance that is warm. */
async function priceOfTouch(world: TraceWorld): Promise<number> {
  const { fleet, metrics } = world.service;
  const node = fleet.size - 1;
  const cost = () => metrics.snapshot().costUsd.warmup;
  await world.pass(fleet.warm(node));
  const before = cost();
  await world.pass(fleet.warm(node));
  return cost() - before;
}

/** Instances go one by one, at random times, at the rate that is wanted. */
function reclaimNowAndThen(world: TraceWorld, untilMs: number): void {
  const { reclaimedPerHour } = world.options;
  if (reclaimedPerHour === 0) return;
  const random = new SeededRandom('windows reclamation');
  const pauseMs = () => (-Math.log(1 - random.double()) / reclaimedPerHour) * 3_600_000;
  for (let atMs = pauseMs(); atMs < untilMs; atMs += pauseMs()) world.time.after(atMs, () => world.reclaimOne());
}

/** Lets the horizon and a window pass; gives the invocations of the minute after that. */
async function letPass(world: TraceWorld): Promise<number> {
  const { service, options } = world;
  const count = () => Object.values(service.metrics.snapshot().invocations).reduce((sum, times) => sum + times, 0);
  await world.pass(world.sleep(service.placement.horizonMs + options.windowSeconds * 1000));
  const before = count();
  await world.pass(world.sleep(minuteMs));
  return count() - before;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
