/**
 * A whole SION on this machine for end-to-end tests: emulator and proxy as the processes that people run, on ports of
 * their own and a data folder of their own, each to be killed, paused and started again.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createEmulatorControl, type EmulatorControl } from '@sion/emulator';
import { buildNodeBundle, type NodeBundle } from '@sion/node';
import type { ObjectPlaces, ProxyStatus } from '@sion/proxy';
import { Redis } from 'ioredis';
import { until } from '../doubles/turns.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Part {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ready: Readonly<Record<string, unknown>>;
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** A part that ended before it served. */
export interface FailedPart {
  readonly code: number | NodeJS.Signals;
  readonly message: string;
}

export interface LocalSionOptions {
  readonly nodes?: number;
  readonly nodeMemoryMb?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Of the emulator; unless it says so, networks of instances have no limit. */
  readonly emulatorEnvironment?: Readonly<Record<string, string>>;
  /** Of the functions, beside the data folder. */
  readonly nodeEnvironment?: Readonly<Record<string, string>>;
}

export class LocalSion {
  readonly dataDir: string;
  readonly #options: LocalSionOptions;
  readonly #clients: Redis[] = [];
  readonly #parts = new Set<Part>();
  #bundle: Promise<NodeBundle> | undefined;
  #emulator: Part | undefined;
  #proxy: Part | undefined;

  private constructor(dataDir: string, options: LocalSionOptions) {
    this.dataDir = dataDir;
    this.#options = options;
  }

  static async start(options: LocalSionOptions = {}): Promise<LocalSion> {
    const sion = new LocalSion(await mkdtemp(join(tmpdir(), 'sion-e2e-')), options);
    try {
      await sion.startEmulator();
      await sion.startProxy();
      return sion;
    } catch (error) {
      await sion.stop();
      throw error;
    }
  }

  get emulator(): Part {
    return present(this.#emulator, 'emulator');
  }

  get proxy(): Part {
    return present(this.#proxy, 'proxy');
  }

  get control(): EmulatorControl {
    return createEmulatorControl(`http://127.0.0.1:${this.emulator.ready['port']}`);
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.proxy.ready['httpPort']}`;
  }

  /** Starts the emulator, on the port it had before if it ran before, and puts the functions. */
  async startEmulator(): Promise<void> {
    const port = this.#emulator === undefined ? 0 : this.emulator.ready['port'];
    this.#emulator = await this.#start('packages/emulator/src/main.ts', {
      SION_LAMBDA_PORT: String(port),
      SION_EMULATOR_LOG_LEVEL: 'warn',
      SION_EMULATOR_NETWORK_BYTES_PER_SECOND: '0',
      ...this.#options.emulatorEnvironment,
    });
    this.#bundle ??= buildNodeBundle({ outDir: join(this.dataDir, 'bundle') });
    const { folder, handler, codeVersion } = await this.#bundle;
    const { nodes = 24, nodeMemoryMb = 512 } = this.#options;
    for (let node = 0; node < nodes; node++) {
      await this.control.putFunction(nodeName(node), {
        ...{ bundleFolder: folder, handler, codeVersion, memoryMb: nodeMemoryMb },
        timeoutMs: 330_000,
        reservedConcurrency: 1,
        environment: { SION_DATA_DIR: this.dataDir, SION_NODE_LOG_LEVEL: 'warn', ...this.#options.nodeEnvironment },
      });
    }
  }

  /** Starts the proxy, on the ports it had before if it ran before. */
  async startProxy(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#proxy = await this.#start('services/proxy/src/main.ts', this.proxyEnvironment(environment));
  }

  /** Starts a proxy that is not this world's own, on free ports. */
  async tryProxy(environment: Readonly<Record<string, string>> = {}): Promise<Part | FailedPart> {
    const ports = Object.fromEntries(portNames.map((name) => [name, '0']));
    return await this.#launch('services/proxy/src/main.ts', { ...this.proxyEnvironment(environment), ...ports });
  }

  proxyEnvironment(environment: Readonly<Record<string, string>> = {}): Record<string, string> {
    const { nodes = 24, nodeMemoryMb = 512 } = this.#options;
    const before = this.#proxy?.ready;
    return {
      SION_RESP_PORT: String(before?.['respPort'] ?? 0),
      SION_HTTP_PORT: String(before?.['httpPort'] ?? 0),
      SION_LINK_PORT: String(before?.['linkPort'] ?? 0),
      SION_ADMIN_PORT: String(before?.['adminPort'] ?? 0),
      SION_LAMBDA_PORT: String(this.emulator.ready['port']),
      SION_NODES: String(nodes),
      SION_NODE_MEMORY_MB: String(nodeMemoryMb),
      SION_LOG_LEVEL: 'warn',
      // Most of what is looked at here is what functions serve.
      SION_HOT_BYTES: '0',
      ...this.#options.environment,
      ...environment,
    };
  }

  redis(part: Part = this.proxy): Redis {
    const client = new Redis({
      port: Number(part.ready['respPort']),
      host: '127.0.0.1',
      maxRetriesPerRequest: null,
      retryStrategy: () => 50,
    });
    client.on('error', () => {});
    this.#clients.push(client);
    return client;
  }

  async status(part: Part = this.proxy): Promise<ProxyStatus> {
    return (await fetch(`http://127.0.0.1:${part.ready['adminPort']}/v1/status`)).json() as Promise<ProxyStatus>;
  }

  async places(key: string): Promise<ObjectPlaces | undefined> {
    const url = `http://127.0.0.1:${this.proxy.ready['adminPort']}/v1/status/objects/${encodeURIComponent(key)}`;
    const answer = await fetch(url);
    if (answer.ok) return (await answer.json()) as ObjectPlaces;
    await answer.arrayBuffer();
    return undefined;
  }

  /**
   * Resolves when all of these keys are wholly in memory. On a busy machine placing may have been given up, and a node that
   * failed is left alone for a while: now and then a read begins it anew.
   */
  async inMemory(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      let looks = 0;
      await until(async () => {
        if ((await this.places(key))?.complete === true) return true;
        looks++;
        if (looks % 200 === 0) await this.#read(key);
        return false;
      });
    }
  }

  async #read(key: string): Promise<void> {
    const answer = await fetch(`${this.httpUrl}/v1/objects/${encodeURIComponent(key)}`);
    await answer.arrayBuffer();
  }

  /** Reclaims the instances of these functions. */
  async reclaim(functionNames: readonly string[]): Promise<void> {
    for (const functionName of functionNames) await this.control.reclaim({ all: true, functionName });
  }

  /** Ends everything, however it is, and removes the data folder. Fails when a process is left over. */
  async stop(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    const instances = await this.#instancePids();
    for (const part of [...this.#parts].reverse()) {
      if (part.child.exitCode === null && part.child.signalCode === null) {
        part.child.kill('SIGCONT');
        part.child.kill('SIGTERM');
      }
      await part.ended;
    }
    for (const pid of instances) await until(() => !isAlive(pid));
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async #instancePids(): Promise<readonly number[]> {
    if (this.#emulator === undefined || this.#emulator.child.exitCode !== null) return [];
    const listed = await this.control.instances().catch(() => []);
    return listed.flatMap((instance) => instance.pid ?? []);
  }

  async #start(main: string, environment: Readonly<Record<string, string>>): Promise<Part> {
    const part = await this.#launch(main, environment);
    if ('child' in part) return part;
    throw new Error(`${main} ended with ${part.code}: ${part.message}`);
  }

  async #launch(main: string, environment: Readonly<Record<string, string>>): Promise<Part | FailedPart> {
    const child = spawn(process.execPath, [join(root, main)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { PATH: process.env['PATH'], SION_DATA_DIR: this.dataDir, ...environment },
    });
    let message = '';
    child.stderr?.on('data', (text: Buffer) => {
      message = (message + text.toString()).slice(-10_000);
    });
    const ended = new Promise<number | NodeJS.Signals>((resolve) => {
      child.once('close', (code, signal) => resolve(signal ?? code ?? 1));
    });
    const ready = new Promise<Readonly<Record<string, unknown>>>((resolve) => {
      if (child.stdout === null) return;
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('{"event":"ready"')) resolve(JSON.parse(line));
      });
    });
    const first = await Promise.race([ready, ended]);
    if (typeof first !== 'object') return { code: first, message };
    const part: Part = { child, pid: child.pid ?? 0, ready: first, ended };
    this.#parts.add(part);
    return part;
  }
}

const portNames = ['SION_RESP_PORT', 'SION_HTTP_PORT', 'SION_LINK_PORT', 'SION_ADMIN_PORT'];

function nodeName(node: number): string {
  return `sion-node-${String(node).padStart(3, '0')}`;
}

/** Kills a part for good and waits until it is gone. */
export async function kill(part: Part): Promise<void> {
  part.child.kill('SIGKILL');
  await part.ended;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the ${what} has not been started`);
  return value;
}
