/**
 * One proxy and its fleet in virtual time, for hours of a recorded workload: the real service, the real node, the emulator's
 * own model with its meter. Bytes are scaled down and bandwidths with them, so times and dollars are those of the bytes
 * unscaled; what a chunk costs beside its bytes is not, and is made up for in what a node holds.
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
import {
  chunkOverheadBytes,
  defaultMaxChunkBytes,
  type PlacingRead,
  parseStripes,
  priceBook,
  s3RequestUsd,
} from '@sion/core';
import { awsFigures, VirtualLambda } from '@sion/emulator';
import { createNode, nodeDefaults } from '@sion/node';
import { type ProxySettings, proxySettingsSchema, type ReadSource, type Service, startService } from '@sion/proxy';
import { SeededRandom } from '@sion/workload';
import { calmLambda, calmNetwork, calmStore } from '../virtual-fleet/calm-weather.ts';

const mib = 1024 * 1024;

/** What the function's runtime takes of its memory, and of the rest what is left to recoveries. */
const [runtimeBytes, reservedShare] = [100 * mib, 0.1];

/** The longest chunk, scaled: the proxy's default, but no less than may be. At a thousandth that is 4 MB unscaled. */
export function chunkBytesOf(scale: number): number {
  return Math.max(4096, Math.round(defaultMaxChunkBytes / scale));
}

export interface TraceWorldOptions {
  readonly nodes: number;
  readonly nodeMemoryMb: number;
  readonly windowSeconds: number;
  readonly activeWindows: number;
  readonly degradedWindows: number;
  /** For bytes as they are unscaled. */
  readonly stripes: string;
  /** Bytes of this world stand for so many. */
  readonly scale: number;
  /** Of the workload's chunks, scaled. */
  readonly meanChunkBytes: number;
  /** Instances reclaimed per hour. */
  readonly reclaimedPerHour: number;
  /** Instances send no faster than they can for long. */
  readonly isSustained?: boolean;
  /** As SION_PLACE_ON_PUT and SION_PLACE_ON_READ. */
  readonly placeOnPut: boolean;
  readonly placeOnRead: PlacingRead;
  /** As SION_ROTATE_SECONDS. */
  readonly rotateSeconds: number;
  /** About how long an instance lives at most; 0 = for ever. */
  readonly lifeMinutes: number;
  /** As SION_MAX_USD_PER_HOUR. Absent: no bound. */
  readonly maxUsdPerHour?: number;
}

/** Of a node, for chunks, unscaled. */
export function usableBytes(nodeMemoryMb: number): number {
  return Math.floor((nodeMemoryMb * mib - runtimeBytes) * (1 - reservedShare));
}

export class TraceWorld {
  readonly time = new VirtualTime();
  readonly options: TraceWorldOptions;
  readonly service: Service;
  readonly #lambda: VirtualLambda;

  private constructor(options: TraceWorldOptions, time: VirtualTime, lambda: VirtualLambda, service: Service) {
    this.options = options;
    this.time = time;
    this.#lambda = lambda;
    this.service = service;
  }

  static async start(options: TraceWorldOptions): Promise<TraceWorld> {
    const time = new VirtualTime();
    const network = new VirtualNetwork(calmNetwork);
    const store = new VirtualStore({ wallMs: () => time.nowMs });
    const weather = calmStore(new SeededRandom('windows store'));
    const settings = settingsOf(options);
    const lambda = lambdaOf(options, { time, network, store, weather });
    for (let node = 0; node < options.nodes; node++) {
      const name = `sion-node-${String(node).padStart(3, '0')}`;
      const { nodeMemoryMb: memoryMb } = options;
      lambda.deploy({ name, revision: 'r1', memoryMb, timeoutMs: 900_000, reservedConcurrency: 1 });
    }
    const process = new VirtualProcess(time, 'proxy', 0);
    const disk = new VirtualDisk({ requestMs: () => 1, fails: () => false, keptBytes: () => 0 });
    const starting = startService(
      {
        clock: process.clock,
        random: new SeededRandom('windows proxy'),
        log: silentLog,
        network: network.of(process),
        identity: { self: process.name, liveness: () => 'unknown' },
        files: disk.of(process),
        functions: lambda.of(process),
        store: new RemoteStore(store, process, weather),
        storePrices: s3RequestUsd(priceBook),
      },
      settings,
      (reason) => {
        throw reason;
      },
    );
    const service = await passed(time, starting);
    return new TraceWorld(options, time, lambda, service);
  }

  /** Lets time pass until the work is done. */
  pass<T>(work: Promise<T>): Promise<T> {
    return passed(this.time, work);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.time.after(ms, resolve);
    });
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    await this.service.engine.mutate(key, {
      needs: 'nothing',
      decide: () => ({ kind: 'write', bytes: buffer, result: undefined }),
    });
  }

  /** Undefined when there is no such object. */
  async get(key: string): Promise<{ readonly source: ReadSource; readonly bytes: Uint8Array } | undefined> {
    const outcome = await this.service.engine.read(key);
    if (outcome.kind !== 'hit') return undefined;
    const bytes = await outcome.body.bytes();
    return { source: outcome.body.trace.source, bytes };
  }

  /** Takes one instance away, whatever it does; the model draws which. */
  reclaimOne(): void {
    this.#lambda.reclaim({ kind: 'count', count: 1 });
  }
}

interface Parts {
  readonly time: VirtualTime;
  readonly network: VirtualNetwork;
  readonly store: VirtualStore;
  readonly weather: ReturnType<typeof calmStore>;
}

function lambdaOf(options: TraceWorldOptions, { time, network, store, weather }: Parts): VirtualLambda {
  const { scale, nodeMemoryMb, meanChunkBytes, isSustained = false } = options;
  const { networkBytesPerSecond, networkBurstBytes, networkPeakBytesPerSecond } = awsFigures;
  const overheadShare = chunkOverheadBytes / meanChunkBytes;
  const capacityBytes = Math.floor((usableBytes(nodeMemoryMb) / scale) * (1 + overheadShare));
  let instances = 0;
  return new VirtualLambda({
    time,
    random: new SeededRandom('windows lambda'),
    figures: {
      ...awsFigures,
      ...{ idleReclaimMs: 0, lifeTimeMs: options.lifeMinutes * 60_000 },
      networkBytesPerSecond: networkBytesPerSecond / scale,
      networkBurstBytes: isSustained ? 0 : networkBurstBytes / scale,
      networkPeakBytesPerSecond: (isSustained ? networkBytesPerSecond : networkPeakBytesPerSecond) / scale,
    },
    weather: calmLambda,
    wallMs: 0,
    start: (process) => {
      instances++;
      const node = createNode({
        clock: process.clock,
        random: new SeededRandom(`windows instance ${instances}`),
        network: network.of(process),
        log: silentLog,
        store: new RemoteStore(store, process, weather),
        settings: { ...nodeDefaults, capacityBytes },
      });
      return async (payload, remainingMs) => {
        const event: unknown = JSON.parse(Buffer.from(payload).toString());
        return Buffer.from(JSON.stringify(await node.handle(event, remainingMs)));
      };
    },
  });
}

function settingsOf(options: TraceWorldOptions): ProxySettings {
  const { nodes, nodeMemoryMb, windowSeconds, activeWindows, degradedWindows, stripes, scale } = options;
  const scaled = parseStripes(stripes).map(({ upToBytes, dataChunks, parityChunks }) => {
    const size = upToBytes === Number.POSITIVE_INFINITY ? '*' : `${Math.max(1, Math.round(upToBytes / scale))}B`;
    return `${size}=${dataChunks}+${parityChunks}`;
  });
  const environment = {
    SION_NODES: String(nodes),
    SION_NODE_MEMORY_MB: String(nodeMemoryMb),
    SION_WINDOW_SECONDS: String(windowSeconds),
    SION_ACTIVE_WINDOWS: String(activeWindows),
    SION_DEGRADED_WINDOWS: String(degradedWindows),
    SION_STRIPES: scaled.join(','),
    SION_MAX_CHUNK_BYTES: String(chunkBytesOf(scale)),
    SION_ROTATE_SECONDS: String(options.rotateSeconds),
    SION_PLACE_ON_PUT: String(options.placeOnPut),
    SION_PLACE_ON_READ: options.placeOnRead,
    SION_HOT_BYTES: '0',
    SION_LINK_HOST: 'proxy',
    SION_MAX_USD_PER_HOUR: String(options.maxUsdPerHour ?? 0),
  };
  return readSettings(proxySettingsSchema, { environment });
}

async function passed<T>(time: VirtualTime, work: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  work.then(over, over);
  if (!(await time.run(() => isOver))) throw new Error('nothing happens any more');
  return await work;
}
