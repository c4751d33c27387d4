/**
 * A fleet in virtual time for the measurements of recovery and of reads under load: the real proxy, the real node and the emulator's own model, in
 * a world where nothing goes wrong but what the measurement does. Bytes are scaled down, and what an instance's network
 * carries by the same factor, so that the times are those of the bytes unscaled.
 */
import {
  RemoteStore,
  readSettings,
  silentLog,
  VirtualDisk,
  VirtualNetwork,
  VirtualProcess,
  VirtualStore,
  VirtualTime,
} from '@sion/components';
import { awsFigures, type NetworkFigures, VirtualLambda } from '@sion/emulator';
import { createNode, nodeDefaults } from '@sion/node';
import {
  freeStore,
  type ProxySettings,
  proxySettingsSchema,
  type Service,
  startService,
  stopService,
} from '@sion/proxy';
import { SeededRandom } from '@sion/workload';
import { calmFacts, calmLambda, calmNetwork, calmStore } from '../virtual-fleet/calm-weather.ts';

/** Bytes of this world stand for so many. */
export const scale = 100;

/** What the figures of a run rest on, for people. */
export const virtualWorldFacts = `bytes and bandwidths are a ${scale}th; ${calmFacts}`;

export interface VirtualFleetOptions {
  readonly nodes: number;
  /** Unscaled. */
  readonly network: NetworkFigures;
  readonly chunkBytes: number;
  readonly nodeCapacityBytes: number;
  /** Default {@link scale}. */
  readonly scale?: number;
  /** Settings of the proxy, beside those that follow from the others. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** How the proxy recovers. */
export interface RecoveryChoice {
  /** Nodes that recover one node's loss. */
  readonly spread: number;
  /** Chunks that one of them brings back at a time. */
  readonly perNode: number;
}

export class VirtualFleet {
  readonly time = new VirtualTime();
  readonly #options: VirtualFleetOptions;
  readonly #scale: number;
  readonly #lambda: VirtualLambda;
  readonly #network = new VirtualNetwork(calmNetwork);
  readonly #store: VirtualStore;
  readonly #disk = new VirtualDisk({ requestMs: () => 1, fails: () => false, keptBytes: () => 0 });
  readonly #storeWeather = calmStore(new SeededRandom('recovery store'));
  #proxy: VirtualProcess | undefined;
  #service: Service | undefined;
  #proxies = 0;
  #instances = 0;

  private constructor(options: VirtualFleetOptions) {
    this.#options = options;
    this.#scale = options.scale ?? scale;
    const random = new SeededRandom('recovery');
    this.#store = new VirtualStore({ wallMs: () => this.time.nowMs });
    const { networkBytesPerSecond, networkBurstBytes, networkPeakBytesPerSecond } = options.network;
    this.#lambda = new VirtualLambda({
      time: this.time,
      random,
      figures: {
        ...awsFigures,
        ...{ idleReclaimMs: 0, lifeTimeMs: 0 },
        networkBytesPerSecond: networkBytesPerSecond / this.#scale,
        networkBurstBytes: networkBurstBytes / this.#scale,
        networkPeakBytesPerSecond: networkPeakBytesPerSecond / this.#scale,
      },
      weather: calmLambda,
      wallMs: 0,
      start: (process) => this.#startNode(process),
    });
  }

  /** Starts it and wakes every node once. */
  static async start(options: VirtualFleetOptions, choice: RecoveryChoice): Promise<VirtualFleet> {
    const fleet = new VirtualFleet(options);
    fleet.#deploy();
    await fleet.restart(choice);
    return fleet;
  }

  get service(): Service {
    if (this.#service === undefined) throw new Error('the proxy has not been started');
    return this.#service;
  }

  /** Lets time pass until the work is done. */
  async pass<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    work.then(over, over);
    if (!(await this.time.run(() => isOver))) throw new Error('nothing happens any more');
    return await work;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.time.after(ms, resolve);
    });
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.service.engine.mutate(key, {
      needs: 'nothing',
      decide: () => ({ kind: 'write', bytes: Buffer.from(bytes), result: undefined }),
    });
  }

  async get(key: string): Promise<Uint8Array> {
    const outcome = await this.service.engine.read(key);
    if (outcome.kind !== 'hit') throw new Error(`${key} is not there`);
    return await outcome.body.bytes();
  }

  functionName(node: number): string {
    return this.service.fleet.functionName(node);
  }

  /** Takes the instance of this node away. */
  reclaim(node: number): void {
    const name = this.functionName(node);
    this.#lambda.reclaim({ kind: 'all', functionName: name });
  }

  /** Wakes every node, so that each has a warm instance. */
  async warm(): Promise<void> {
    const { fleet } = this.service;
    await Promise.all(Array.from({ length: this.#options.nodes }, (_, node) => fleet.warm(node)));
  }

  /** Bytes that may be asked of the store so far, by requests. */
  get storeReads(): number {
    return this.service.metrics.snapshot().storeRequests.get;
  }

  /** Stops the proxy in order, if it runs, and starts it with other settings; every node is awake then. */
  async restart(choice: RecoveryChoice): Promise<void> {
    if (this.#service !== undefined) {
      await this.pass(stopService(this.#service));
      this.#proxy?.kill();
    }
    this.#proxies++;
    const process = new VirtualProcess(this.time, `proxy ${this.#proxies}`, 0);
    this.#proxy = process;
    const service = await this.pass(
      startService(
        {
          clock: process.clock,
          random: new SeededRandom(`recovery ${process.name}`),
          log: silentLog,
          network: this.#network.of(process),
          identity: { self: process.name, liveness: () => 'unknown' },
          files: this.#disk.of(process),
          functions: this.#lambda.of(process),
          store: new RemoteStore(this.#store, process, this.#storeWeather),
          storePrices: freeStore,
        },
        { ...this.#settings(choice), linkHost: 'proxy' },
        (reason) => {
          throw reason;
        },
      ),
    );
    this.#service = service;
    await this.time.run(() => service.engine.memory.isOpen);
    await this.pass(this.warm());
  }

  #settings({ spread, perNode }: RecoveryChoice): ProxySettings {
    const { nodes, chunkBytes } = this.#options;
    const environment = {
      SION_NODES: String(nodes),
      SION_NODE_MEMORY_MB: '10240',
      SION_STRIPES: '*=10+2',
      SION_HOT_BYTES: '0',
      SION_MAX_CHUNK_BYTES: String(chunkBytes / this.#scale),
      SION_MAX_PLACED_BYTES: String(1024 * 1024 * 1024),
      SION_RECOVERY_SPREAD: String(spread),
      SION_RECOVERY_PER_NODE: String(perNode),
      SION_RECOVERY_CONCURRENCY: String(spread * perNode),
      ...this.#options.environment,
    };
    return readSettings(proxySettingsSchema, { environment });
  }

  #deploy(): void {
    for (let node = 0; node < this.#options.nodes; node++) {
      const name = `sion-node-${String(node).padStart(3, '0')}`;
      this.#lambda.deploy({ name, revision: 'r1', memoryMb: 3008, timeoutMs: 900_000, reservedConcurrency: 1 });
    }
  }

  #startNode(process: VirtualProcess) {
    this.#instances++;
    const { nodeCapacityBytes } = this.#options;
    const node = createNode({
      clock: process.clock,
      random: new SeededRandom(`recovery instance ${this.#instances}`),
      network: this.#network.of(process),
      log: silentLog,
      store: new RemoteStore(this.#store, process, this.#storeWeather),
      settings: { ...nodeDefaults, capacityBytes: nodeCapacityBytes / this.#scale },
    });
    return async (payload: Uint8Array, remainingMs: number) => {
      const event: unknown = JSON.parse(Buffer.from(payload).toString());
      return Buffer.from(JSON.stringify(await node.handle(event, remainingMs)));
    };
  }
}
