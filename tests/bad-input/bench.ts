/**
 * A whole SION with small limits and times, for tests of bad input: what a case costs the proxy in memory, whether others
 * are served meanwhile, and what it leaves behind. Memory is the kernel's own count of the proxy's process; the greatest
 * since the case began comes from resetting that count. It must never wait for a time, only for what must happen.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { dialResp, type RespClient } from '../doubles/resp-client.ts';
import { until } from '../doubles/turns.ts';
import { LocalSion } from '../e2e/local-sion.ts';

const mib = 1024 * 1024;

/** Times after which clients are given up, and bounds of memory; all of them small. */
const environment = {
  SION_BODY_MEMORY_BYTES: String(64 * mib),
  SION_MAX_CHUNK_BYTES: String(256 * 1024),
  SION_RESP_BUFFERED_COMMAND_BYTES: String(8 * mib),
  SION_RESP_BUFFERED_TOTAL_BYTES: String(32 * mib),
  SION_RESP_STALL_MS: '1500',
  SION_HTTP_HEADER_MS: '1000',
  SION_HTTP_BODY_IDLE_MS: '1500',
};

/**
 * What a case may add to the proxy's memory at its worst: bodies (64 MiB), arguments (32 MiB), and as much again for what
 * the garbage collector has not taken yet.
 */
const peakMib = 192;
/** What may be left of it: the heap's own reserve. Nothing that a case sent is this small. */
const keptMib = 96;

/** For cases that need more than the usual. */
export interface CaseLimits {
  readonly peakMib?: number;
  readonly keptMib?: number;
}

export class BadInputBench {
  readonly sion: LocalSion;
  readonly #bystander: Redis;
  #rounds = 0;

  private constructor(sion: LocalSion) {
    this.sion = sion;
    this.#bystander = sion.redis();
  }

  static async start(changes: Readonly<Record<string, string>> = {}): Promise<BadInputBench> {
    const sion = await LocalSion.start({
      nodes: 12,
      nodeMemoryMb: 192,
      environment: { ...environment, ...changes },
    });
    const bench = new BadInputBench(sion);
    // Code is compiled and buffers are made once.
    for (let round = 0; round < 5; round++) await bench.bystand();
    return bench;
  }

  get respPort(): number {
    return Number(this.sion.proxy.ready['respPort']);
  }

  get httpPort(): number {
    return Number(this.sion.proxy.ready['httpPort']);
  }

  dial(): Promise<RespClient> {
    return dialResp(this.respPort);
  }

  /** A fixed number of writes and reads by somebody else, all of which must be right. */
  async bystand(): Promise<void> {
    for (let request = 0; request < 10; request++) {
      const value = `${this.#rounds++} ${'b'.repeat(100)}`;
      assert.equal(await this.#bystander.set('bystander', value), 'OK');
      assert.equal(await this.#bystander.get('bystander'), value);
    }
  }

  /**
   * Carries a case out while somebody else is served; then nothing of it is left, `key` can be written and read, and the
   * proxy's memory is bounded. `prepared` runs before memory is looked at.
   */
  async survives(key: string, bad: () => Promise<void>, limits: CaseLimits = {}): Promise<void> {
    const before = this.#memoryMib('VmRSS');
    // 5: the greatest size so far is the present one.
    writeFileSync(`/proc/${this.sion.proxy.pid}/clear_refs`, '5');
    await Promise.all([bad(), this.bystand()]);
    await this.nothingKept();
    this.#expectBelow('VmHWM', before, limits.peakMib ?? peakMib);
    await this.writable(key);
    this.#expectBelow('VmRSS', before, limits.keptMib ?? keptMib);
  }

  /** The same key can be written and read. */
  async writable(key: string): Promise<void> {
    const value = `written after round ${this.#rounds}`;
    assert.equal(await this.#bystander.set(key, value), 'OK');
    assert.equal(await this.#bystander.get(key), value);
    assert.equal(await this.#bystander.del(key), 1);
  }

  /** Resolves when only the bystander is connected, no key has work under way and no half-written file is there. */
  async nothingKept(connections = 1): Promise<void> {
    await until(async () => (await this.sion.status()).connections.resp <= connections);
    await until(async () => (await this.sion.status()).objects.pinned === 0);
    await until(() => this.#stagedFiles().length === 0);
  }

  /** Resolves when the kernel knows that the proxy has ended its side of a connection that nobody reads. */
  async cutWhilePaused(socket: Socket): Promise<void> {
    const local = hexPort(socket.localPort ?? 0);
    const remote = hexPort(this.httpPort);
    // The proxy's end, by its ports: it leaves the table of established connections (01).
    const isEstablished = () =>
      readFileSync(`/proc/${this.sion.proxy.pid}/net/tcp`, 'utf8')
        .split('\n')
        .some((line) => line.includes(`0100007F:${remote} 0100007F:${local} 01`));
    await until(isEstablished);
    await until(() => !isEstablished());
  }

  stop(): Promise<void> {
    return this.sion.stop();
  }

  #stagedFiles(): readonly string[] {
    const writers = join(this.sion.dataDir, 'store', '.sion', 'writers');
    if (!existsSync(writers)) return [];
    return readdirSync(writers).flatMap((writer) => {
      try {
        return readdirSync(join(writers, writer));
      } catch {
        return [];
      }
    });
  }

  #expectBelow(field: 'VmRSS' | 'VmHWM', beforeMib: number, limitMib: number): void {
    const more = this.#memoryMib(field) - beforeMib;
    assert.ok(
      more < limitMib,
      `${field} is ${more} MiB above the ${beforeMib} MiB before; at most ${limitMib} are allowed`,
    );
  }

  #memoryMib(field: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${this.sion.proxy.pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  }
}

/** A port as the kernel's tables show it. */
function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}
