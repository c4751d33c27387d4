/**
 * The local fleet of the measurements under load: emulator, proxy and instances as the processes that people run, with a
 * network of so many bytes per second for each instance. Filling is done without that limit, and what was read is compared
 * while the clock of the measurement stands: neither is what is measured.
 */
import { Agent } from 'node:http';
import { delay, systemClock } from '@sion/components';
import type { ProxyStatus } from '@sion/proxy';
import { encodeInvocation } from '@sion/wire';
import { payloadOf } from '@sion/workload';
import { LocalSion } from '../e2e/local-sion.ts';
import { getObject } from './object-get.ts';
import type { StepFleet } from './step-readers.ts';

const noLimit = 2 ** 40;

/** Less than a tenth of a chunk: the limit holds for every one of them, and late timers do not lower it. */
export const burstBytes = 64 * 1024;

/** How often the status is looked at while something is waited for. */
const lookMs = 50;

/** Invocations at a time that give functions their instances. */
const warmingAtOnce = 4;

export interface BenchFleetOptions {
  readonly nodes: number;
  readonly nodeMemoryMb: number;
  /** Settings of the proxy. */
  readonly environment: Readonly<Record<string, string>>;
}

/** An object with bytes that can be made again. */
export interface BenchObject {
  readonly key: string;
  readonly sizeBytes: number;
}

export class BenchFleet implements StepFleet {
  readonly #sion: LocalSion;
  readonly #options: BenchFleetOptions;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #payloads = new Map<string, Buffer>();

  private constructor(sion: LocalSion, options: BenchFleetOptions) {
    this.#sion = sion;
    this.#options = options;
  }

  static async start(options: BenchFleetOptions): Promise<BenchFleet> {
    const sion = await LocalSion.start({
      nodes: options.nodes,
      nodeMemoryMb: options.nodeMemoryMb,
      // A machine that is busy with the measurement must not look like one that has failed.
      environment: {
        ...{ SION_LEASE_TTL_MS: '600000', SION_PLACE_PATIENCE_MS: '60000', SION_SILENCE_MS: '10000' },
        ...options.environment,
      },
      emulatorEnvironment: {
        SION_EMULATOR_NETWORK_BYTES_PER_SECOND: String(noLimit),
        SION_EMULATOR_NETWORK_BURST_BYTES: String(noLimit),
        SION_EMULATOR_NETWORK_PEAK_BYTES_PER_SECOND: '0',
        SION_EMULATOR_IDLE_RECLAIM_MS: '0',
        SION_EMULATOR_LIFE_TIME_MS: '0',
      },
    });
    return new BenchFleet(sion, options);
  }

  /** Puts the objects and waits until memory has them whole. */
  async fill(objects: readonly BenchObject[]): Promise<void> {
    for (const { key, sizeBytes } of objects) {
      const body = Buffer.from(payloadOf(key, 1, sizeBytes));
      this.#payloads.set(key, body);
      const answer = await fetch(this.#url(key), { method: 'PUT', body });
      if (!answer.ok) throw new Error(`PUT ${key}: ${answer.status} ${await answer.text()}`);
      while ((await this.#sion.places(key))?.complete !== true) await delay(systemClock, lookMs);
    }
  }

  /** Gives every function an instance, as warm-ups do. */
  async warm(): Promise<void> {
    const waiting = Array.from({ length: this.#options.nodes }, (_, node) => node);
    const work = async () => {
      for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) await this.#warmNode(node);
    };
    await Promise.all(Array.from({ length: warmingAtOnce }, work));
  }

  /** From now on instances have a network of so many bytes per second; undefined = without a limit. */
  async limit(bytesPerSecond: number | undefined): Promise<void> {
    await this.#sion.control.limitNetwork({
      bytesPerSecond: bytesPerSecond ?? noLimit,
      burstBytes: bytesPerSecond === undefined ? noLimit : burstBytes,
      peakBytesPerSecond: 0,
    });
  }

  async totals(): Promise<ProxyStatus['totals']> {
    return (await this.#sion.status()).totals;
  }

  /** Functions that hold chunks, copies included. */
  async holders(): Promise<number> {
    return (await this.#sion.status()).nodes.filter(({ chunks }) => chunks > 0).length;
  }

  nowMs(): number {
    return performance.now();
  }

  /** Reads an object; gives how long that took, and compares its bytes after that. Rejects when they are wrong. */
  async read(key: string): Promise<number> {
    const begunMs = performance.now();
    const pieces: Buffer[] = [];
    const status = await getObject(this.#url(key), this.#agent, (piece) => pieces.push(piece));
    const tookMs = performance.now() - begunMs;
    const bytes = Buffer.concat(pieces);
    if (status !== 200) throw new Error(`GET ${key}: ${status} ${bytes.toString('utf8', 0, 200)}`);
    if (this.#payloads.get(key)?.equals(bytes) !== true) throw new Error(`${key} has wrong bytes`);
    return tookMs;
  }

  /** Where an object is read, and the bytes that it has, for readers of their own. */
  sourceOf(key: string): { readonly url: string; readonly payload: Uint8Array } {
    const bytes = this.#payloads.get(key);
    if (bytes === undefined) throw new Error(`${key} was not put`);
    return { url: this.#url(key), payload: new Uint8Array(bytes) };
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#sion.stop();
  }

  async #warmNode(node: number): Promise<void> {
    const name = `sion-node-${String(node).padStart(3, '0')}`;
    const url = `http://127.0.0.1:${this.#sion.emulator.ready['port']}/2015-03-31/functions/${name}/invocations`;
    const address = { host: 'nowhere', port: 1, epoch: 0xffff_ffff, session: 0, token: 'none' };
    for (;;) {
      const body = Buffer.from(encodeInvocation({ v: 1, kind: 'warmup', node: name, ...address }));
      const answer = await fetch(url, { method: 'POST', body });
      await answer.arrayBuffer();
      // 429: a session is open, so it is warm.
      if (answer.ok || answer.status === 429) return;
    }
  }

  #url(key: string): string {
    return `${this.#sion.httpUrl}/v1/objects/${key}`;
  }
}
