/**
 * The fleet that the run is about: `npm start`'s own main, with its supervised emulator and proxy, on ports and a data
 * folder of its own. What dies in it is brought back by the product; this file only starts it, finds its processes, and
 * in the end stops it and looks for what is left.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEmulatorControl, type EmulatorControl } from '@sion/emulator';
import type { ProxyStatus } from '@sion/proxy';
import { LinkRelay } from './link-relay.ts';
import { childrenOf, commandOf, isAlive, processesWith, signalTo } from './processes.ts';
import type { Addresses } from './requests.ts';

const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

export type PartName = 'proxy' | 'emulator';

const partMains: Readonly<Record<PartName, string>> = {
  proxy: 'services/proxy/src/main.ts',
  emulator: 'packages/emulator/src/main.ts',
};

export interface FleetOptions {
  readonly leaseTtlMs: number;
  /** Settings over the defaults. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Ports that are free now. */
interface Ports extends Addresses {
  readonly linkPort: number;
  readonly lambdaPort: number;
  readonly adminPort: number;
}

const answerMs = 2_000;

export class Fleet {
  readonly dataDir: string;
  readonly ports: Ports;
  readonly relay: LinkRelay;
  readonly control: EmulatorControl;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  #up: ChildProcess;

  private constructor(dataDir: string, ports: Ports, relay: LinkRelay, options: FleetOptions) {
    this.dataDir = dataDir;
    this.ports = ports;
    this.relay = relay;
    this.control = createEmulatorControl(`http://127.0.0.1:${ports.lambdaPort}`);
    this.#environment = {
      PATH: process.env['PATH'],
      SION_LEASE_TTL_MS: String(options.leaseTtlMs),
      SION_LEASE_RENEWAL_MS: String(Math.round(options.leaseTtlMs / 5)),
      SION_SNAPSHOT_MS: '5000',
      SION_LOG_LEVEL: 'info',
      ...options.environment,
      SION_DATA_DIR: dataDir,
      SION_RESP_PORT: String(ports.respPort),
      SION_HTTP_PORT: String(ports.httpPort),
      SION_LINK_PORT: String(ports.linkPort),
      SION_LAMBDA_PORT: String(ports.lambdaPort),
      SION_ADMIN_PORT: String(ports.adminPort),
      SION_LINK_ADVERTISED_PORT: String(relay.port),
    };
    this.#up = this.#spawn();
  }

  /** Starts it; {@link untilServing} tells when it serves. */
  static async launch(options: FleetOptions): Promise<Fleet> {
    const [respPort, httpPort, linkPort, lambdaPort, adminPort] = await freePorts(5);
    const ports = { respPort, httpPort, linkPort, lambdaPort, adminPort } as Ports;
    const relay = await LinkRelay.open(ports.linkPort);
    return new Fleet(await mkdtemp(join(tmpdir(), 'sion-chaos-')), ports, relay, options);
  }

  /** The process id of a part; undefined while it is not running. */
  pidOf(part: PartName): number | undefined {
    const { pid } = this.#up;
    return pid === undefined ? undefined : childrenOf(pid).find((each) => commandOf(each).includes(partMains[part]));
  }

  /** What the proxy says of itself; undefined when it does not answer. */
  async status(): Promise<ProxyStatus | undefined> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.ports.adminPort}/v1/status`, {
        signal: AbortSignal.timeout(answerMs),
      });
      return (await answer.json()) as ProxyStatus;
    } catch {
      return undefined;
    }
  }

  /** The processes of instances; of those that are not frozen, if there are such. None when the emulator does not answer. */
  async instancePids(): Promise<readonly number[]> {
    const listed = (await withPatience(this.control.instances())) ?? [];
    const awake = listed.filter(({ processState }) => processState !== 'T');
    return (awake.length > 0 ? awake : listed).flatMap(({ pid }) => pid ?? []);
  }

  /** True when the emulator did it. */
  async reclaim(wish: Parameters<EmulatorControl['reclaim']>[0]): Promise<boolean> {
    return (await withPatience(this.control.reclaim(wish))) !== undefined;
  }

  /** Resolves when the proxy serves; rejects when it does not in time, or `up` has ended. */
  async untilServing(patienceMs: number): Promise<void> {
    const deadlineMs = performance.now() + patienceMs;
    while ((await this.status())?.state !== 'serving') {
      const said = `its words are in ${join(this.dataDir, 'up.log')}`;
      if (this.hasEnded)
        throw new Error(`npm start ended by itself (${this.#up.exitCode ?? this.#up.signalCode}); ${said}`);
      if (performance.now() > deadlineMs) throw new Error(`the proxy does not serve after ${patienceMs} ms; ${said}`);
      await pause(50);
    }
  }

  /** Resolves when proxy and emulator both answer, or after `patienceMs`. */
  async untilBack(patienceMs: number): Promise<void> {
    const deadlineMs = performance.now() + patienceMs;
    while (performance.now() < deadlineMs) {
      const [proxy, emulator] = await Promise.all([this.status(), withPatience(this.control.status())]);
      if (proxy?.state === 'serving' && emulator !== undefined) return;
      await pause(50);
    }
  }

  /** True when `up` runs no more. */
  get hasEnded(): boolean {
    return this.#up.exitCode !== null || this.#up.signalCode !== null;
  }

  /** Kills every process at once, the supervisor too, and starts it again when they are gone. */
  async killEverything(): Promise<void> {
    const pids = [this.#up.pid, this.pidOf('proxy'), this.pidOf('emulator')].filter((pid) => pid !== undefined);
    for (const pid of pids) signalTo(pid, 'SIGKILL');
    const deadlineMs = performance.now() + 30_000;
    for (;;) {
      const left = processesWith(this.dataDir);
      if (left.length === 0) break;
      // A stopped process cannot notice that its parent has died.
      for (const pid of left) signalTo(pid, 'SIGCONT');
      if (performance.now() > deadlineMs) throw new Error(`left over after all was killed: ${describe(left)}`);
      await pause(50);
    }
    this.#up = this.#spawn();
  }

  /** Stops in order; gives what was not in order about it. */
  async stop(): Promise<readonly string[]> {
    for (const pid of processesWith(this.dataDir)) signalTo(pid, 'SIGCONT');
    const problems: string[] = [];
    if (this.hasEnded) problems.push(`npm start ended by itself with ${this.#up.exitCode ?? this.#up.signalCode}`);
    else {
      const ended = once(this.#up, 'exit');
      this.#up.kill('SIGTERM');
      const [code, signal] = (await Promise.race([
        ended,
        pause(90_000).then(() => ['no end after 90 s']),
      ])) as unknown[];
      if (code !== 0) problems.push(`npm start ended with ${String(code ?? signal)} when it was stopped`);
    }
    await this.relay.close();
    for (let look = 0; look < 40 && processesWith(this.dataDir).length > 0; look++) await pause(50);
    const left = processesWith(this.dataDir);
    if (left.length > 0) problems.push(`left over: ${describe(left)}`);
    this.kill();
    return problems;
  }

  /** Ends whatever there is, at once. */
  kill(): void {
    if (!this.hasEnded) this.#up.kill('SIGKILL');
    for (const pid of processesWith(this.dataDir)) signalTo(pid, 'SIGKILL');
  }

  #spawn(): ChildProcess {
    const log = createWriteStream(join(this.dataDir, 'up.log'), { flags: 'a' });
    // A group of its own: a terminal's Ctrl-C is for the run, which then stops this in its turn.
    const child = spawn(process.execPath, [main, 'up'], {
      env: { ...this.#environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    return child;
  }
}

function describe(pids: readonly number[]): string {
  return pids
    .filter(isAlive)
    .map((pid) => `${pid} (${commandOf(pid).slice(0, 80)})`)
    .join(', ');
}

/** Undefined when it failed, or took too long: whoever is asked may be stopped. */
async function withPatience<T>(call: Promise<T>): Promise<T | undefined> {
  const failed = call.catch(() => undefined);
  return await Promise.race([failed, pause(answerMs).then(() => undefined)]);
}

/** A timer that keeps nothing alive. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers: Server[] = [];
  for (let index = 0; index < count; index++) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
  }
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return ports;
}
