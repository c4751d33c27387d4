/** The two servers that are compared, as processes of this machine. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalSion } from '../e2e/local-sion.ts';
import type { Mode } from './rows.ts';

export interface Peer {
  readonly name: string;
  readonly port: number;
  /** What the serving process has used of processors so far, in seconds. */
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
}

/** Undefined where there is no redis-server. */
export function redisVersion(): string | undefined {
  const { stdout, status } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  return status === 0 ? /v=([\d.]+)/.exec(stdout)?.[1] : undefined;
}

export async function startRedis(mode: Mode): Promise<Peer> {
  const folder = await mkdtemp(join(tmpdir(), 'sion-redis-'));
  const port = await freePort();
  const persistence = mode === 'journal' ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...persistence],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'close');
  await accepts(port, child);
  return {
    ...{ name: 'redis', port, cpuSeconds: () => cpuSecondsOf(child.pid ?? 0) },
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface SionPeer extends Peer {
  readonly sion: LocalSion;
}

export async function startSion(mode: Mode): Promise<SionPeer> {
  const sion = await LocalSion.start({ environment: sionSettings(mode) });
  return {
    ...{ name: 'sion', port: Number(sion.proxy.ready['respPort']), sion },
    cpuSeconds: () => cpuSecondsOf(sion.proxy.pid),
    stop: () => sion.stop(),
  };
}

/** Beside the defaults: ten data chunks from 10 MB on. Networks of instances have no limit, hence no relay. */
export function sionSettings(mode: Mode): Record<string, string> {
  return {
    SION_DURABILITY: mode,
    SION_STRIPES: '2MiB=1+1,8MiB=2+1,*=10+2',
    SION_HOT_BYTES: String(64 * 2 ** 20),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function accepts(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect({ port, host: '127.0.0.1' });
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isUp) return;
  }
  throw new Error(`redis-server ended with ${child.exitCode}`);
}

const ticksPerSecond = 100;

async function cpuSecondsOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'latin1')).replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
