/**
 * The local fleet for the measurements of recovery: emulator, proxy and instances as the processes that people run, with a
 * network of so many bytes per second for each instance. Filling and reading back are done without that limit; they are not
 * what is measured.
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { delay, systemClock } from '@sion/components';
import type { ProxyStatus } from '@sion/proxy';
import { encodeInvocation } from '@sion/wire';
import { payloadOf } from '@sion/workload';
import { LocalSion } from '../e2e/local-sion.ts';
import type { LosingFleet } from './lost-reads.ts';
import type { RecoveryChoice } from './virtual-fleet.ts';

const noLimit = 2 ** 40;

/** Keeps a limit exact although timers are late, and gives no burst to speak of. */
export const liveBurstBytes = 256 * 1024;

/** How often the proxy is asked how far it is: what is measured may be off by so much. */
const lookMs = 10;

export interface LiveFleetOptions {
  readonly nodes: number;
  readonly nodeMemoryMb: number;
  readonly objects: number;
  readonly objectBytes: number;
  readonly bytesPerSecond: number;
}

export class LiveFleet implements LosingFleet {
  readonly #sion: LocalSion;
  readonly #options: LiveFleetOptions;

  private constructor(sion: LocalSion, options: LiveFleetOptions) {
    this.#sion = sion;
    this.#options = options;
  }

  static async start(options: LiveFleetOptions): Promise<LiveFleet> {
    const sion = await LocalSion.start({
      nodes: options.nodes,
      nodeMemoryMb: options.nodeMemoryMb,
      // A machine that is busy with the measurement must not look like one that has failed.
      environment: { SION_LEASE_TTL_MS: '600000', SION_PLACE_PATIENCE_MS: '60000', SION_SILENCE_MS: '5000' },
      emulatorEnvironment: {
        SION_EMULATOR_NETWORK_BYTES_PER_SECOND: String(noLimit),
        SION_EMULATOR_NETWORK_BURST_BYTES: String(noLimit),
        SION_EMULATOR_NETWORK_PEAK_BYTES_PER_SECOND: '0',
        SION_EMULATOR_IDLE_RECLAIM_MS: '0',
        SION_EMULATOR_LIFE_TIME_MS: '0',
      },
    });
    return new LiveFleet(sion, options);
  }

  get keys(): readonly string[] {
    return Array.from({ length: this.#options.objects }, (_, object) => keyOf(object));
  }

  async fill(): Promise<void> {
    const { objectBytes } = this.#options;
    let placed = 0;
    for (const key of this.keys) {
      const body = Buffer.from(payloadOf(key, 1, objectBytes));
      const answer = await fetch(this.#url(key), { method: 'PUT', body });
      if (!answer.ok) throw new Error(`PUT ${key}: ${answer.status} ${await answer.text()}`);
      placed++;
      // Chunks come behind the acknowledged write; not too far.
      await this.#when(({ objects }) => objects.complete >= placed - 2);
    }
    await this.#when(({ objects }) => objects.complete === placed);
  }

  /** Starts the proxy anew with these settings, in order, so that it goes on with what it knows; wakes every node. */
  async restart({ spread, perNode }: RecoveryChoice): Promise<void> {
    const sion = this.#sion;
    sion.proxy.child.kill('SIGTERM');
    await sion.proxy.ended;
    await sion.startProxy({
      SION_RECOVERY_SPREAD: String(spread),
      SION_RECOVERY_PER_NODE: String(perNode),
      SION_RECOVERY_CONCURRENCY: String(spread * perNode),
    });
    await this.#when(({ objects }) => objects.inMemory === this.#options.objects);
    await this.warm();
  }

  /** Gives every function an instance, as warm-ups do. */
  async warm(): Promise<void> {
    const { nodes } = this.#options;
    await Promise.all(
      Array.from({ length: nodes }, async (_, node) => {
        const name = this.functionName(node);
        const url = `http://127.0.0.1:${this.#sion.emulator.ready['port']}/2015-03-31/functions/${name}/invocations`;
        for (;;) {
          const answer = await fetch(url, { method: 'POST', body: warmUpOf(name) });
          await answer.arrayBuffer();
          // 429: a session is open, so it is warm.
          if (answer.ok || answer.status === 429) return;
        }
      }),
    );
  }

  /** From now on instances have the network of the measurement, or one without a limit. */
  async limit(isLimited: boolean): Promise<void> {
    const bytesPerSecond = isLimited ? this.#options.bytesPerSecond : noLimit;
    const burstBytes = isLimited ? liveBurstBytes : noLimit;
    await this.#sion.control.limitNetwork({ bytesPerSecond, burstBytes, peakBytesPerSecond: 0 });
  }

  functionName(node: number): string {
    return `sion-node-${String(node).padStart(3, '0')}`;
  }

  status(): Promise<ProxyStatus> {
    return this.#sion.status();
  }

  async held(): Promise<readonly number[]> {
    return (await this.status()).nodes.map(({ chunks }) => chunks);
  }

  async holds(key: string, node: number): Promise<boolean> {
    return (await this.dataChunkOn(key, node)) !== undefined;
  }

  async losses(): Promise<number> {
    return (await this.status()).totals.recoveries;
  }

  async recovered(losses: number): Promise<void> {
    await this.until(({ recovery, totals }) => totals.recoveries > losses && recovery.backlogChunks === 0);
  }

  /** The data chunk of an object that this node holds, if any. */
  async dataChunkOn(key: string, node: number): Promise<number | undefined> {
    const places = await this.#sion.places(key);
    const index = places?.fragments[0]?.indexOf(this.functionName(node)) ?? -1;
    return places === undefined || index === -1 || index >= places.dataChunks ? undefined : index;
  }

  async reclaim(node: number): Promise<void> {
    await this.#sion.reclaim([this.functionName(node)]);
  }

  /** Reads one byte of a chunk. */
  async touch(key: string, chunk: number, chunkBytes: number): Promise<void> {
    const at = chunk * chunkBytes;
    const answer = await fetch(this.#url(key), { headers: { range: `bytes=${at}-${at}` } });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`GET ${key}: ${answer.status}`);
  }

  /** Reads and compares an object; gives the milliseconds, or what is wrong. */
  async get(key: string): Promise<number | string> {
    const begunMs = performance.now();
    const answer = await fetch(this.#url(key));
    const bytes = Buffer.from(await answer.arrayBuffer());
    const ms = performance.now() - begunMs;
    if (!answer.ok) return `GET ${key}: ${answer.status} ${bytes.toString('utf8', 0, 200)}`;
    return bytes.equals(payloadOf(key, 1, this.#options.objectBytes)) ? ms : `${key} is wrong`;
  }

  /** Reads everything with the store moved aside: memory alone must have it. */
  async verify(): Promise<readonly string[]> {
    const [store, away] = [join(this.#sion.dataDir, 'store'), join(this.#sion.dataDir, 'away')];
    const problems: string[] = [];
    await rename(store, away);
    for (const key of this.keys) {
      const outcome = await this.get(key);
      if (typeof outcome === 'string') problems.push(outcome);
    }
    await rename(away, store);
    return problems;
  }

  stop(): Promise<void> {
    return this.#sion.stop();
  }

  /** Looks at the status, again and again, until it is so; gives the time at which it was. */
  async until(isSo: (status: ProxyStatus) => boolean): Promise<number> {
    return await this.#when(isSo);
  }

  async #when(isSo: (status: ProxyStatus) => boolean): Promise<number> {
    for (;;) {
      const status = await this.status();
      if (isSo(status)) return performance.now();
      await delay(systemClock, lookMs);
    }
  }

  #url(key: string): string {
    return `${this.#sion.httpUrl}/v1/objects/${key}`;
  }
}

/** The invocation that a node returns from at once. */
function warmUpOf(node: string): Uint8Array<ArrayBuffer> {
  const address = { host: 'nowhere', port: 1, epoch: 0xffff_ffff, session: 0, token: 'none' };
  return Buffer.from(encodeInvocation({ v: 1, kind: 'warmup', node, ...address }));
}

function keyOf(object: number): string {
  return `object-${object}`;
}
