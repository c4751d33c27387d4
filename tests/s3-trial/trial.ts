/**
 * The real engine over the real S3 store and a real server, while requests between them go wrong and one proxy takes over
 * from another in the middle. Several clients at once; what they saw is checked for linearizability, and what nobody
 * could know may be unknown, nothing else. A seed names the faults and what each client does.
 */
import { openS3Store } from '@sion/aws/s3-store';
import { randomHex, silentLog, systemClock, systemRandom } from '@sion/components';
import { createPlacement, parseStripes } from '@sion/core';
import { CountedMetrics, Engine, type EngineSettings } from '@sion/proxy';
import { asSionError, SionError } from '@sion/wire';
import { History } from '../doubles/history.ts';
import { createMemoryFleet } from '../doubles/memory-fleet.ts';
import { FaultProxy } from '../s3-server/fault-proxy.ts';
import { keys, type Life, TrialClient, type TrialWorld } from './client.ts';
import { FaultPlan, type FaultTheme } from './fault-plan.ts';

export interface TrialTarget {
  readonly endpoint: string;
  readonly bucket: string;
  /** How long the store waits for an answer. */
  readonly requestMs: number;
}

export interface TrialReport {
  readonly problems: readonly string[];
  readonly log: string;
  readonly operations: number;
  readonly unknowns: number;
  /** Requests that went wrong. */
  readonly faults: number;
}

/** The checker cannot judge any number of calls with an unknown result. */
const maxUnknowns = 12;
const clients = 4;
const operationsPerClient = 14;

const engineSettings: EngineSettings = {
  stripes: parseStripes('1KiB=1+1,*=3+2'),
  maxChunkBytes: 2048,
  bodyMemoryBytes: 64 * 1024 * 1024,
  maxKeyBytes: 512,
  maxObjectBytes: 64 * 1024 * 1024,
  maxPlacedBytes: 1024 ** 3,
  keptMaxBytes: 1000,
  maxEntries: 100,
  maxAbsentKeys: 100,
  absentTtlMs: 50,
  lateMs: 60_000,
  hedgeMs: 50,
  fetchTimeoutMs: 1000,
  placePatienceMs: 100,
  placeOnRead: 'first',
  migrationConcurrency: 4,
  durability: 'store',
  sweepMs: 1000,
  listSweepMs: 60_000,
};

class Trial implements TrialWorld {
  readonly seed: number;
  readonly theme: FaultTheme;
  readonly history = new History(() => systemClock.wallMs());
  readonly problems: string[] = [];
  readonly #target: TrialTarget;
  readonly #proxy: FaultProxy;
  readonly #plan: FaultPlan;
  readonly #prefix = `trial/${randomHex(systemRandom, 8)}`;
  readonly #lives: Life[] = [];
  #number = 0;
  #done = 0;

  constructor(seed: number, target: TrialTarget, proxy: FaultProxy, theme: FaultTheme) {
    this.seed = seed;
    this.theme = theme;
    this.#target = target;
    this.#proxy = proxy;
    this.#plan = new FaultPlan(seed, theme);
  }

  /** That of today. */
  get life(): Life {
    const life = this.#lives.at(-1);
    if (life === undefined) throw new Error('the trial has not begun');
    return life;
  }

  get isCalm(): boolean {
    return this.#plan.isCalm;
  }

  async run(): Promise<void> {
    await this.#beginLife();
    this.#proxy.fault = (call) => {
      this.#plan.isCertain = this.history.unknowns >= maxUnknowns;
      return this.#plan.faultOf(call);
    };
    const all = Array.from({ length: clients }, (_, index) => new TrialClient(this, `client${index + 1}`));
    await Promise.all(all.map((client) => client.run(operationsPerClient)));
    await this.#calmDown();
    for (const key of keys) {
      const problem = this.history.check(key);
      if (problem !== undefined) this.problem(problem);
    }
  }

  /**
   * Now and then what was held up goes on. In the middle another proxy takes over, which leaves a doubt about what was
   * under way.
   */
  async afterOperation(): Promise<void> {
    this.#done += 1;
    if (this.#done % 9 === 0) this.#plan.release();
    const isMiddle = this.#done === Math.floor((clients * operationsPerClient) / 2);
    if (isMiddle && this.theme === 'any') await this.#takeOver();
  }

  async close(): Promise<void> {
    this.#plan.release();
    for (const { engine, store } of this.#lives) {
      await store.close();
      await engine.drain();
    }
  }

  nextNumber(): number {
    this.#number += 1;
    return this.#number;
  }

  problem(text: string): void {
    this.history.note(`PROBLEM ${text}`);
    this.problems.push(text);
  }

  /** As a proxy that starts, its lease taken: it tries again until the store lets it in. */
  async #beginLife(): Promise<void> {
    const { bucket } = this.#target;
    // A time-out leaves a doubt; without faults that hold requests it would be the machine's.
    const requestMs = this.theme === 'certain' ? 30_000 : this.#target.requestMs;
    const store = openS3Store({
      ...{ bucket, prefix: this.#prefix, region: 'us-east-1', endpoint: this.#proxy.endpoint },
      credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
      ...{ clock: systemClock, random: systemRandom },
      patience: { requestMs, copyMs: requestMs * 2, idleMs: requestMs },
      sizes: { uploadPartBytes: 5 * 1024 * 1024 },
    });
    await this.#insist(() => store.probeConditions());
    await this.#insist(() => store.claim());
    const lease = { held: true };
    const fleet = createMemoryFleet(6, 1024 * 1024);
    const epoch = this.#lives.length + 1;
    let counter = 0;
    const engine = new Engine({
      ...{ clock: systemClock, log: silentLog, store, fleet, metrics: new CountedMetrics() },
      placement: createPlacement({ nodes: fleet.size, groupSize: fleet.size }),
      lease: {
        isHeld: () => lease.held,
        assertHeld: () => {
          if (!lease.held) throw new SionError('closed', 'no lease');
        },
        expiryNowMs: () => systemClock.wallMs(),
      },
      nextId: () => {
        counter += 1;
        return { epoch, counter };
      },
      settings: engineSettings,
    });
    this.#lives.push({ engine, store, lease });
    this.history.note(`life ${epoch} begins`);
  }

  /** The one before loses its lease, then its connections, with whatever is under way. */
  async #takeOver(): Promise<void> {
    const before = this.life;
    before.lease.held = false;
    await this.#beginLife();
    await before.store.close();
  }

  async #calmDown(): Promise<void> {
    this.#plan.release();
    // What was held up has been carried out once everything that came has been answered, or given up.
    this.#plan.isCalm = true;
    for (const key of keys) await new TrialClient(this, 'last').useOnce(key);
    for (const key of keys) await this.#lookIntoStore(key);
  }

  async #lookIntoStore(key: string): Promise<void> {
    const observation = this.history.call(key, 'store', { kind: 'read' });
    let token: string | undefined;
    await this.#insist(async () => {
      token = (await this.life.store.head(key))?.metadata.contentType;
    });
    const found = token === undefined ? undefined : ({ kind: 'object', token, expiresAtMs: undefined } as const);
    this.history.returned(observation, found ?? { kind: 'nothing' });
  }

  async #insist(work: () => Promise<unknown>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await work();
        return;
      } catch (thrown) {
        const { code } = asSionError(thrown);
        if (attempt === 20 || (code !== 'unavailable' && code !== 'indeterminate')) throw thrown;
      }
    }
  }
}

export async function runTrial(seed: number, target: TrialTarget): Promise<TrialReport> {
  const proxy = await FaultProxy.start(target.endpoint);
  const trial = new Trial(seed, target, proxy, seed % 3 === 0 ? 'certain' : 'any');
  try {
    await trial.run();
    // A server that fails by itself leaves a doubt as well.
    const failed = proxy.calls.some(({ status }) => status !== undefined && status >= 500);
    if (trial.theme === 'certain' && trial.history.unknowns > 0 && !failed) {
      trial.problem('a write was said to be unknown though nothing went wrong that leaves a doubt');
    }
  } finally {
    await trial.close();
    await proxy.close();
  }
  const faults = proxy.calls.filter(({ fault }) => fault !== undefined).length;
  const { operations, unknowns } = trial.history;
  return {
    problems: trial.problems,
    log: trial.history.render(),
    operations,
    unknowns,
    faults,
  };
}
