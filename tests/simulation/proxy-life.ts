/**
 * One life of the proxy in a simulated world: the real service in a process that may be paused and may die at any await.
 * Clients that wait for a dead one are told after a moment, as by a connection that breaks.
 */
import { type Files, type Log, type LogFields, VirtualProcess } from '@sion/components';
import {
  type Durability,
  freeStore,
  type MetricsSnapshot,
  type ProxySettings,
  type Service,
  startService,
  stopService,
} from '@sion/proxy';
import { asSionError, type SionError } from '@sion/wire';
import { SeededRandom } from '@sion/workload';
import { noteLeaks } from './bounds.ts';
import type { World } from './world.ts';

/** What a client is told whose proxy has died. */
export class Crashed extends Error {
  override name = 'Crashed';
}

export class ProxyLife {
  readonly process: VirtualProcess;
  readonly machine: string;
  readonly number: number;
  readonly #world: World;
  readonly #files: Files;
  #service: Service | undefined;
  #state: 'starting' | 'serving' | 'stopping' | 'over' = 'starting';
  /** When it was last paused or resumed. */
  disturbedMs = 0;
  /** When all of its snapshot was loaded. */
  loadedMs = Number.POSITIVE_INFINITY;
  /** Calls under way, which an orderly stop waits for as the fronts do. */
  calls = 0;

  constructor(world: World, number: number, machine: string) {
    this.#world = world;
    this.number = number;
    this.machine = machine;
    this.process = new VirtualProcess(world.time, `proxy ${number}`, world.wallMs());
    this.#files = world.filesOf(this);
  }

  get service(): Service | undefined {
    return this.#state === 'serving' ? this.#service : undefined;
  }

  /** Writes that were acknowledged, by what. */
  get acknowledged(): Readonly<Record<Durability, number>> {
    return this.#service?.metrics.snapshot().puts ?? { store: 0, journal: 0, memory: 0 };
  }

  /** Chunks that were copied because of demand, reads that those copies served, and reads that went past busy nodes. */
  get demand(): Readonly<Record<'copied' | 'read from a copy' | 'past busy nodes', number>> {
    const totals = this.#service?.metrics.snapshot();
    return {
      copied: totals?.demandCopies ?? 0,
      'read from a copy': totals?.demandHits ?? 0,
      'past busy nodes': totals?.busyMisses ?? 0,
    };
  }

  /** Chunks that it has moved, and nodes that it has released. */
  get counted(): Pick<MetricsSnapshot, 'migratedChunks' | 'releasedNodes'> {
    return this.#service?.metrics.snapshot() ?? { migratedChunks: 0, releasedNodes: 0 };
  }

  get isDead(): boolean {
    return this.process.state === 'dead';
  }

  /** Comes to serve, or dies of what hinders it, as the real one's process does. */
  async start(settings: ProxySettings): Promise<void> {
    const { process } = this;
    try {
      this.#service = await this.within(this.#open({ ...settings, linkHost: this.machine }));
      this.#state = 'serving';
      void this.#service.loader.loaded.then(() => {
        this.loadedMs = this.#world.time.nowMs;
      });
      this.#world.history.note(`${process.name} serves, epoch ${this.#service.lease.epoch}`);
    } catch (thrown) {
      if (thrown instanceof Crashed) return;
      const error = asSionError(thrown);
      this.die(`does not start: ${error.message}`);
      // What the store, the disk or the lease hinders may start later; these stay as they are.
      if (['corrupt', 'invalid', 'internal'].includes(error.code))
        this.#world.giveUp(`${process.name} does not start: ${error.code}, ${error.message}`);
    }
  }

  /** Stops in order; the process ends. */
  async stop(): Promise<void> {
    const service = this.#service;
    if (service === undefined || this.#state !== 'serving') return;
    this.#state = 'stopping';
    this.#world.history.note(`${this.process.name} stops in order`);
    try {
      while (this.calls > 0) await this.within(this.#world.sleep(10));
      await this.within(stopService(service));
      noteLeaks(this.#world, this, service);
      this.die('has stopped');
    } catch (thrown) {
      if (!(thrown instanceof Crashed)) this.die(`fails to stop: ${asSionError(thrown).message}`);
    }
  }

  die(why: string): void {
    if (this.isDead) return;
    this.#state = 'over';
    this.#world.history.note(`${this.process.name} ${why}`);
    this.process.kill();
  }

  /** The promise, or the death of the process, whichever comes first. */
  within<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const alive = this.process.whenDead(() =>
        this.#world.time.after(1, () => reject(new Crashed(this.process.name))),
      );
      promise.then(resolve, reject).finally(alive);
    });
  }

  #open(settings: ProxySettings): Promise<Service> {
    const { process } = this;
    const { seed, network, lambda } = this.#world;
    const random = new SeededRandom(`${seed} ${process.name}`);
    return startService(
      {
        clock: process.clock,
        random,
        log: this.#logOf({}),
        network: network.of(process),
        identity: {
          self: `${this.machine} ${process.name}`,
          liveness: (identity) => this.#world.livenessOf(identity, this.machine),
        },
        files: this.#files,
        functions: lambda.of(process),
        store: this.#world.storeOf(process),
        storePrices: freeStore,
      },
      settings,
      (reason: SionError) => this.die(`is fenced: ${reason.message}`),
    );
  }

  /** Only what should not happen is kept. */
  #logOf(fields: LogFields): Log {
    const write = (level: string, event: string, more: LogFields = {}) => {
      this.#world.history.note(`${this.process.name} ${level} ${event} ${JSON.stringify({ ...fields, ...more })}`);
    };
    return {
      debug() {},
      info() {},
      warn: (event, more) => write('warns', event, more),
      error: (event, more) => write('ERROR', event, more),
      child: (more) => this.#logOf({ ...fields, ...more }),
    };
  }
}
