/**
 * A redis-server of this machine's package, for comparison: no persistence, in a folder and on a port of its own. Debian's
 * package `redis-server` brings it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dialResp, type RespClient } from '../doubles/resp-client.ts';

/** The major and minor version, or undefined when there is none. */
export function installedRedis(): string | undefined {
  const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  return /v=(\d+\.\d+)\./.exec(stdout ?? '')?.[1];
}

export interface RedisOracle {
  dial(): Promise<RespClient>;
  close(): Promise<void>;
}

/** Starts one and waits until it answers. */
export async function startRedis(): Promise<RedisOracle> {
  const folder = await mkdtemp(join(tmpdir(), 'sion-oracle-'));
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await ready(child);
  const clients: RespClient[] = [];
  return {
    async dial() {
      const client = await dialResp(port);
      clients.push(client);
      return client;
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
      const exited = once(child, 'exit');
      child.kill();
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A port that was free a moment ago: redis-server itself cannot choose one. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function ready(child: ChildProcess): Promise<void> {
  let text = '';
  const { stdout } = child;
  if (stdout === null) throw new Error('redis-server has no output');
  for await (const piece of stdout.iterator({ destroyOnReturn: false })) {
    text += String(piece);
    if (text.includes('Ready to accept connections')) {
      stdout.resume();
      return;
    }
  }
  throw new Error(`redis-server did not start: ${text}`);
}
