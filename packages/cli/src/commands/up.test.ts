/** `sion up` as people run it: real processes, on ports and a folder of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEmulatorControl } from '@sion/emulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../../../tests/doubles/turns.ts';
import { fetchStatus } from '../client/proxy-admin.ts';
import { get as getBytes, put as putBytes } from './surroundings.test-data.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

let dataDir: string;
const runs: Up[] = [];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'sion-up-'));
});
afterEach(async () => {
  for (const run of runs.splice(0)) await run.end();
  rmSync(dataDir, { recursive: true, force: true });
});

/** One `sion up`, and what it has said. */
class Up {
  readonly child: ChildProcess;
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Standard output and error together. */
  said = '';
  #told = Promise.withResolvers<void>();

  constructor(environment: Readonly<Record<string, string>> = {}) {
    const ports = ['RESP', 'HTTP', 'LINK', 'LAMBDA', 'ADMIN'].map((name) => [`SION_${name}_PORT`, '0']);
    this.child = spawn(process.execPath, [main, 'up'], {
      env: { PATH: process.env['PATH'], ...Object.fromEntries(ports), SION_DATA_DIR: dataDir, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.said += text;
        this.#tell();
      });
    }
    this.exited = once(this.child, 'close').then(([code, signal]) => {
      this.#tell();
      return (code ?? signal) as number | NodeJS.Signals;
    });
    runs.push(this);
  }

  /** Resolves with the match once it was said; rejects when `up` ended without saying it. */
  async says(words: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = words.exec(this.said);
      if (found !== null) return found;
      if (this.child.exitCode !== null) throw new Error(`it ended without saying ${String(words)}:\n${this.said}`);
      await this.#told.promise;
    }
  }

  async serves() {
    await this.says(/Ctrl-C stops/);
    const port = async (words: RegExp) => Number((await this.says(words))[1]);
    const address = { purpose: 'test', host: '127.0.0.1', setting: 'none' };
    const control = createEmulatorControl(`http://127.0.0.1:${await port(/emulator {2}on 127\.0\.0\.1:(\d+)/)}`);
    return {
      http: { ...address, port: await port(/HTTP on 127\.0\.0\.1:(\d+)/) },
      admin: { ...address, port: await port(/status on 127\.0\.0\.1:(\d+)/) },
      control,
      emulatorPid: (await control.status()).pid,
    };
  }

  /** The process ids below it. */
  childPids(): readonly number[] {
    const path = `/proc/${String(this.child.pid)}/task/${String(this.child.pid)}/children`;
    return readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number);
  }

  async end(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }

  #tell(): void {
    this.#told.resolve();
    this.#told = Promise.withResolvers();
  }
}

/** Nothing when it has just ended. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

type Serving = Awaited<ReturnType<Up['serves']>>;

const put = ({ http }: Serving, key: string, value: string) => putBytes(http, key, value);

async function get({ http }: Serving, key: string): Promise<string> {
  return (await getBytes(http, key)).toString();
}

describe('sion up', () => {
  test('brings everything up, refuses a second on its folder, and stops orderly', async () => {
    const up = new Up();
    const serving = await up.serves();
    await put(serving, 'greeting', 'hello');
    expect(await get(serving, 'greeting')).toBe('hello');
    expect((await fetchStatus(serving.admin)).state).toBe('serving');
    await up.says(/serving · GET 0 hot, 0 memory/);

    const second = new Up();
    expect(await second.exited).toBe(3);
    expect(second.said).toContain(`already running on ${dataDir}: process ${String(up.child.pid)}`);
    expect(second.said).not.toContain('emulator');

    const pids = [...up.childPids(), ...(await serving.control.instances()).map(({ pid }) => pid ?? 0)];
    expect(pids.length).toBeGreaterThan(2);
    up.child.kill('SIGINT');
    expect(await up.exited).toBe(0);
    expect(up.said).toContain('Stopped.');
    expect(pids.filter((pid) => !isGone(pid))).toEqual([]);
    expect(existsSync(join(dataDir, 'up.lock'))).toBe(false);
    expect(readdirSync(join(dataDir, 'store')).length).toBeGreaterThan(0);
  });

  test('starts a part again that was killed; what was acknowledged is there', async () => {
    const up = new Up();
    const serving = await up.serves();
    const proxyPid = up.childPids().find((pid) => commandOf(pid).includes('proxy/src/main.ts')) ?? 0;
    await put(serving, 'kept', 'value');
    process.kill(serving.emulatorPid, 'SIGKILL');
    await up.says(/The emulator was killed by SIGKILL\. The functions and their memory went with it/);
    await up.says(/emulator {2}again on/);
    expect(await get(serving, 'kept')).toBe('value');
    expect(up.childPids()).toContain(proxyPid);
    process.kill(proxyPid, 'SIGKILL');
    await up.says(/The proxy was killed by SIGKILL\. Requests under way were cut off/);
    await up.says(/proxy {5}again RESP on/);
    expect(await get(serving, 'kept')).toBe('value');
    up.child.kill('SIGTERM');
    expect(await up.exited).toBe(0);
  });

  test('ends by itself when a part was given up', async () => {
    const up = new Up();
    await up.serves();
    const ended = new Set([0]);
    const proxyPid = () => up.childPids().find((pid) => commandOf(pid).includes('proxy/src/main.ts')) ?? 0;
    const givenUp = () => up.said.includes('giving up');
    while (!givenUp()) {
      await until(() => givenUp() || !ended.has(proxyPid()));
      const pid = givenUp() ? 0 : proxyPid();
      if (pid !== 0) process.kill(pid, 'SIGKILL');
      ended.add(pid);
    }
    expect(await up.exited).toBe(1);
    expect(up.said).toContain('SION cannot go on without the proxy');
    expect(existsSync(join(dataDir, 'up.lock'))).toBe(false);
  });

  test('that is killed itself leaves nothing behind, and can be started again', async () => {
    const up = new Up();
    const serving = await up.serves();
    await put(serving, 'kept', 'value');
    const pids = [...up.childPids(), ...(await serving.control.instances()).map(({ pid }) => pid ?? 0)];
    up.child.kill('SIGKILL');
    expect(await up.exited).toBe('SIGKILL');
    await until(() => pids.every(isGone));
    const next = new Up();
    expect(await get(await next.serves(), 'kept')).toBe('value');
    next.child.kill('SIGINT');
    expect(await next.exited).toBe(0);
  });

  test('says which port is in use and which setting changes it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const up = new Up({ SION_HTTP_PORT: String(port) });
    expect(await up.exited).toBe(1);
    expect(up.said).toContain(`Port ${port} (HTTP) is in use by another process`);
    expect(up.said).toContain('SION_HTTP_PORT');
    expect(existsSync(join(dataDir, 'up.lock'))).toBe(false);
    server.close();
  });

  test('does not bring its own Lambda when another is set', async () => {
    const up = new Up({ SION_LAMBDA_ENDPOINT: 'http://127.0.0.1:1' });
    expect(await up.exited).toBe(2);
    expect(up.said).toContain('SION_LAMBDA_ENDPOINT');
  });
});
