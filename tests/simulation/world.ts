/**
 * A simulated world: the real proxy and the real node over virtual time, network, Lambda, store and disk, all out of one
 * seed. It puts them together and keeps a proxy running, as a supervisor would.
 */
import {
  type Files,
  RemoteStore,
  readSettings,
  type Store,
  silentLog,
  VirtualDisk,
  VirtualNetwork,
  type VirtualProcess,
  VirtualStore,
  VirtualTime,
} from '@sion/components';
import { awsFigures, type InstanceActivity, unlimitedNetwork, VirtualLambda } from '@sion/emulator';
import { createNode, nodeDefaults } from '@sion/node';
import { type ProxySettings, proxySettingsSchema, type ReadSource, type Service } from '@sion/proxy';
import { type InvocationResult, readInvocation } from '@sion/wire';
import { SeededRandom } from '@sion/workload';
import { History } from '../doubles/history.ts';
import { ProxyLife } from './proxy-life.ts';
import { type Disturbance, Tally } from './tally.ts';
import { drawTurning } from './turning.ts';
import { Weather } from './weather.ts';

/** Bytes are a thousandth of real ones, so that hours of traffic fit. */
const settingsOfWorld: Readonly<Record<string, string>> = {
  SION_NODES: '16',
  SION_NODE_MEMORY_MB: '192',
  SION_STRIPES: '256=1+1,2KiB=2+1,16KiB=4+2,*=10+2',
  SION_MAX_CHUNK_BYTES: '4096',
  SION_KEPT_MAX_BYTES: '2048',
  SION_LEASE_TTL_MS: '10000',
  SION_LEASE_RENEWAL_MS: '2000',
  SION_MAX_ENTRIES: '16',
  SION_MAX_ABSENT_KEYS: '16',
};

/** Less than settings may be, as everything is: several bodies at a time do not fit, nor does what an outage leaves. */
const tightLimits = { bodyMemoryBytes: 256 * 1024, journalBytes: 384 * 1024, journalMaxAgeMs: 240_000 };

/** What nodes take before they are busy, and what they spend on copies of what is in demand: in half of the worlds, little. */
function demandOf(seed: string): Partial<ProxySettings> {
  const random = new SeededRandom(`${seed} demand`);
  if (random.integer(2) === 0) return {};
  const busyRequestsPerNode = 1 + random.integer(2);
  const [elasticBytesPerNode, jointReadBytes] = [8192 * random.integer(4), 4096 * random.integer(3)];
  return { busyRequestsPerNode, elasticBytesPerNode, jointReadBytes, bulkThresholdBytes: 1024 };
}

/** What functions may cost: in one of six worlds so little that the store has to serve now and then. */
function budgetOf(seed: string): Partial<ProxySettings> {
  const random = new SeededRandom(`${seed} budget`);
  return random.integer(6) === 0 ? { maxUsdPerHour: leastUsdPerHour * (1 + random.integer(8)) } : {};
}

const leastUsdPerHour = 0.0001;

/** The hot tier: in half of the worlds one that holds some of the small objects. */
function hotOf(seed: string): Partial<ProxySettings> {
  const random = new SeededRandom(`${seed} hot`);
  if (random.integer(2) === 0) return { hotBytes: 0 };
  return { hotBytes: 4096 * (1 + random.integer(8)), hotObjectBytes: 2048 };
}

/** Frames to a node that are longer bring a chunk; so many bytes under way, too. */
const leastChunkFrameBytes = 128;

const worldBeginsMs = 1_700_000_000_000;

/** What a function's last invocation came to. */
interface Returned {
  readonly result: InvocationResult;
  readonly begunMs: number;
  /** Of the proxy that invoked it. */
  readonly epoch: number;
}

export class World {
  readonly seed: string;
  readonly time = new VirtualTime();
  readonly weather: Weather;
  readonly history = new History(() => this.time.nowMs);
  readonly network: VirtualNetwork;
  readonly lambda: VirtualLambda;
  readonly store: VirtualStore;
  readonly problems: string[] = [];
  readonly tally = new Tally();
  /** Reads that had bytes, by where those came from. */
  readonly reads = new Map<ReadSource, number>();
  readonly settings: ProxySettings;
  /** What each function that does not run returned last, of an invocation that began then. */
  readonly returned = new Map<string, Returned>();
  /** All that were ever started, the last one last. */
  readonly lives: ProxyLife[] = [];
  /** Whether windows turn within its hour. */
  readonly isTurning: boolean;
  readonly #nodeCapacityBytes: number;
  readonly #diskRandom: SeededRandom;
  readonly #disks = new Map<string, VirtualDisk>();
  /** By the process of a node. */
  readonly #nodeStores = new Map<VirtualProcess, RemoteStore>();
  #calling: (() => void)[] = [];
  #storing: ((process: VirtualProcess | undefined) => void)[] = [];
  #starting: ((process: VirtualProcess | undefined) => void)[] = [];
  #journaled: ((life: ProxyLife | undefined) => void)[] = [];
  #wallOffsetMs = worldBeginsMs;
  #instances = 0;
  #isSupervised = true;
  #isGivenUp = false;

  constructor(seed: string, settings: Partial<ProxySettings> = {}, turning = drawTurning(seed)) {
    this.seed = seed;
    this.#nodeCapacityBytes = turning.nodeCapacityBytes;
    this.isTurning = turning.isTurning;
    this.weather = new Weather(seed);
    this.#diskRandom = new SeededRandom(`${seed} disk`);
    this.settings = {
      ...readSettings(proxySettingsSchema, { environment: settingsOfWorld }),
      ...tightLimits,
      ...demandOf(seed),
      ...turning.settings,
      ...hotOf(seed),
      ...budgetOf(seed),
      ...settings,
    };
    this.network = new VirtualNetwork(this.weather.network);
    this.network.onWritten = (reader, bytes) => this.#noteWritten(reader, bytes);
    this.store = new VirtualStore({ wallMs: () => this.wallMs(), pieceBytes: 1024, etags: this.weather.climate.etags });
    this.lambda = new VirtualLambda({
      time: this.time,
      random: new SeededRandom(`${seed} lambda`),
      // Instances' networks are the weather's affair.
      figures: { ...awsFigures, ...unlimitedNetwork },
      weather: this.weather.lambda,
      wallMs: worldBeginsMs,
      start: (process, functionName) => this.#startNode(process, functionName),
      onKill: (process, activity, reason) => this.#noteKill(process, activity, reason),
    });
    for (let node = 0; node < this.settings.nodes; node++) {
      const name = `${this.settings.functionPrefix}${String(node).padStart(3, '0')}`;
      this.lambda.deploy({ name, revision: 'r1', memoryMb: 192, timeoutMs: 900_000, reservedConcurrency: 1 });
    }
  }

  wallMs(): number {
    return Math.floor(this.time.nowMs + this.#wallOffsetMs);
  }

  /** Moves the wall clocks of all machines. */
  jumpWallClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
    for (const { process } of this.lives) process.jumpWallClock(byMs);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.time.after(ms, resolve);
    });
  }

  problem(text: string): void {
    if (this.problems.includes(text)) return;
    this.history.note(`PROBLEM ${text}`);
    this.problems.push(text);
  }

  /** A problem after which nothing gets better: no proxy will ever serve again. */
  giveUp(text: string): void {
    this.problem(text);
    this.#isGivenUp = true;
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  countRead(source: ReadSource): void {
    this.reads.set(source, (this.reads.get(source) ?? 0) + 1);
  }

  /** The files of a proxy that runs there. */
  filesOf({ machine, process }: Pick<ProxyLife, 'machine' | 'process'>): Files {
    return this.#diskOf(machine).attach(process, this.#diskRandom);
  }

  /** The machine dies with its proxy: what that has not synced is lost, in part. */
  crashMachine(life: ProxyLife): void {
    this.#diskOf(life.machine).loseUnsynced(this.#diskRandom);
    life.die('crashes with its machine');
  }

  storeOf(process: VirtualProcess): Store {
    return new RemoteStore(this.store, process, this.weather.store);
  }

  /** A client calls now. */
  noteCall(): void {
    if (this.life?.service?.budget.isSaving === true) this.tally.saved++;
    for (const wake of this.#calling.splice(0)) wake();
  }

  /** Whoever waits for something to aim at need not wait any longer. */
  endAims(): void {
    for (const wake of this.#calling.splice(0)) wake();
    for (const wake of [...this.#storing.splice(0), ...this.#starting.splice(0)]) wake(undefined);
    this.noteJournaled(undefined);
  }

  /** What is wrong now; a proxy that does not run is. */
  get disturbance(): Disturbance {
    const isServed = this.life?.service !== undefined && this.life.process.state === 'running';
    return { faults: this.weather.faults, isFoul: this.weather.isFoul || !isServed };
  }

  /** Resolves when a client calls next, or no client calls any more. */
  nextCall(): Promise<void> {
    return new Promise((resolve) => {
      this.#calling.push(resolve);
    });
  }

  /** The next node that a chunk is on its way to; undefined when no client calls any more. */
  nextStoring(): Promise<VirtualProcess | undefined> {
    return new Promise((resolve) => {
      this.#storing.push(resolve);
    });
  }

  /** As a process of `machine` can tell it. */
  livenessOf(identity: string, machine: string): 'alive' | 'dead' | 'unknown' {
    const life = this.lives.find((each) => `${each.machine} ${each.process.name}` === identity);
    if (life === undefined || life.machine !== machine) return 'unknown';
    return life.isDead ? 'dead' : 'alive';
  }

  /** The proxy that clients are sent to: the youngest that lives. */
  get life(): ProxyLife | undefined {
    return this.lives.findLast(({ isDead }) => !isDead);
  }

  /** A proxy that runs beside the present one: deposed, and does not know it yet. */
  get elder(): ProxyLife | undefined {
    const living = this.lives.filter(({ isDead }) => !isDead);
    return living.length > 1 ? living[0] : undefined;
  }

  /** Starts another proxy, whether or not one runs. */
  async startProxy(machine: string): Promise<ProxyLife> {
    const life = new ProxyLife(this, this.lives.length + 1, machine);
    this.lives.push(life);
    await life.start(this.settings);
    return life;
  }

  /** Starts a proxy whenever none lives, until the world ends. */
  async supervise(): Promise<void> {
    while (this.#isSupervised) {
      if (this.life === undefined) await this.startProxy('machine-a');
      await this.sleep(500);
    }
  }

  /** From now on a proxy that ends stays away. */
  dismissSupervisor(): void {
    this.#isSupervised = false;
  }

  /** The service that a client is connected to next; waits for one. It may be paused. */
  async reach(): Promise<{ readonly life: ProxyLife; readonly service: Service }> {
    for (;;) {
      const { life } = this;
      if (life?.service !== undefined) return { life, service: life.service };
      await this.sleep(100);
    }
  }

  /** A client was told that what it has written to the journal of this proxy is durable. */
  noteJournaled(life: ProxyLife | undefined): void {
    for (const wake of this.#journaled.splice(0)) wake(life);
  }

  /** The proxy that tells a client next that its journaled write is durable; undefined when no client calls any more. */
  nextJournaled(): Promise<ProxyLife | undefined> {
    return new Promise((resolve) => {
      this.#journaled.push(resolve);
    });
  }

  /** The next instance that starts; undefined when no client calls any more. */
  nextStarting(): Promise<VirtualProcess | undefined> {
    return new Promise((resolve) => {
      this.#starting.push(resolve);
    });
  }

  #diskOf(machine: string): VirtualDisk {
    const name = this.weather.climate.diskMoves ? 'the one that moves' : machine;
    const disk = this.#disks.get(name) ?? new VirtualDisk(this.weather.disk);
    this.#disks.set(name, disk);
    return disk;
  }

  #noteWritten(reader: VirtualProcess, bytes: number): void {
    if (bytes < leastChunkFrameBytes || !this.#nodeStores.has(reader)) return;
    for (const wake of this.#storing.splice(0)) wake(reader);
  }

  /** What an instance is at when it goes; only what is taken on command comes by our faults. */
  #noteKill(process: VirtualProcess, activity: InstanceActivity, reason: string): void {
    const isStoring =
      this.network.bytesUnderWayTo(process) >= leastChunkFrameBytes ||
      (this.#nodeStores.get(process)?.underWay ?? 0) > 0;
    this.#nodeStores.delete(process);
    const doing = activity === 'busy' ? (isStoring ? 'storing' : 'serving') : activity;
    if (reason === 'command') this.weather.count(`instance lost while ${doing}`);
    this.tally.countLoss(reason);
    this.history.note(`LOST ${process.name} while ${doing}: ${reason}`);
  }

  #startNode(process: VirtualProcess, functionName: string) {
    this.#instances++;
    for (const wake of this.#starting.splice(0)) wake(process);
    const store = new RemoteStore(this.store, process, this.weather.storeOfNodes);
    this.#nodeStores.set(process, store);
    const node = createNode({
      clock: process.clock,
      random: new SeededRandom(`${this.seed} instance ${this.#instances}`),
      network: this.network.of(process),
      log: silentLog,
      store,
      settings: { ...nodeDefaults, capacityBytes: this.#nodeCapacityBytes },
    });
    return async (payload: Uint8Array, remainingMs: number) => {
      const event: unknown = JSON.parse(Buffer.from(payload).toString());
      const begunMs = this.time.nowMs;
      this.returned.delete(functionName);
      const result = await node.handle(event, remainingMs);
      this.returned.set(functionName, { result, begunMs, epoch: readInvocation(event).epoch });
      if (result.bytes > this.#nodeCapacityBytes) this.problem(`${process.name} holds ${result.bytes} bytes`);
      return Buffer.from(JSON.stringify(result));
    };
  }
}
