/**
 * One deployed function as the model keeps it: its configuration, its instances, its limiters and its bill. Owned by
 * the model; it decides nothing.
 */
import type { FunctionConfig } from './events.ts';
import type { Figures } from './figures.ts';
import type { Instance, InstanceState } from './instance.ts';
import { SlidingWindow, TokenBucket } from './limits.ts';
import type { Report } from './report.ts';

/** What a function has cost and met so far; whole numbers, so that sums are exact. */
export interface Tally {
  /** Billed requests: every attempt that had an instance. */
  requests: number;
  billedMs: number;
  /** Billed duration times memory; 1,024,000 of them are a GB-second. */
  mbMs: number;
  initMs: number;
  coldStarts: number;
  throttles: number;
  functionErrors: number;
  timeouts: number;
  /** Instances that ended, for whatever reason. */
  ended: number;
}

export function emptyTally(): Tally {
  return {
    requests: 0,
    billedMs: 0,
    mbMs: 0,
    initMs: 0,
    coldStarts: 0,
    throttles: 0,
    functionErrors: 0,
    timeouts: 0,
    ended: 0,
  };
}

export class FunctionState {
  config: FunctionConfig;
  readonly instances = new Map<number, Instance>();
  readonly rate: SlidingWindow;
  readonly scaling: TokenBucket;
  readonly tally: Tally;
  lastUsedMs: number;
  /** Set while Pending: when it will be Active again. */
  pendingUntilMs: number | undefined;
  #inFlight = 0;

  constructor(config: FunctionConfig, figures: Figures, nowMs: number, tally: Tally) {
    this.config = config;
    this.rate = new SlidingWindow(figures.rateWindowMs);
    this.scaling = new TokenBucket(figures.scalingBurst, figures.scalingWindowMs);
    this.tally = tally;
    this.lastUsedMs = nowMs;
  }

  /** Concurrency in use: instances that are not idle. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Takes in a new instance. */
  add(instance: Instance): void {
    this.instances.set(instance.id, instance);
    this.#inFlight += 1;
  }

  /** Changes an instance's state and keeps the count; `gone` takes it out. */
  move(instance: Instance, state: InstanceState): void {
    const before = instance.state === 'idle' ? 0 : 1;
    instance.moveTo(state);
    const after = state === 'idle' || state === 'gone' ? 0 : 1;
    this.#inFlight += after - before;
    if (state === 'gone') this.instances.delete(instance.id);
  }

  /** Books a report. */
  bill(report: Report): void {
    const tally = this.tally;
    tally.requests += 1;
    tally.billedMs += report.billedMs;
    tally.mbMs += report.billedMs * report.memoryMb;
    tally.initMs += report.initMs ?? 0;
    if (report.initMs !== undefined) tally.coldStarts += 1;
    if (report.status !== 'success') tally.functionErrors += 1;
    if (report.status === 'timeout') tally.timeouts += 1;
  }
}
