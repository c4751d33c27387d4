/** The emulator as a process of its own: how it starts, stops and dies, and that nothing is left of it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../../tests/doubles/turns.ts';
import { createEmulatorControl, type EmulatorControl } from './control/control-client.ts';
import {
  environmentOf,
  type Gate,
  generous,
  invokeWith,
  isGone,
  openClient,
  openGate,
  plainFunction,
  writeBundle,
} from './emulator.test-data.ts';
import { findLaunch } from './process/launch.ts';
import { readProcessState } from './process/memory.ts';
import type { EmulatorSettings } from './settings.ts';

const bindsToParent = findLaunch()({ program: 'x', args: [] }).program !== 'x';
const main = fileURLToPath(new URL('./main.ts', import.meta.url));

let folder: string;
let gate: Gate;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = writeBundle().folder;
  gate = await openGate();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
  await gate.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(settings: Partial<EmulatorSettings> & Record<string, unknown> = {}): ChildProcess {
  const environment = environmentOf({ ...generous, dataDir: join(folder, 'data'), ...settings });
  const child = spawn(process.execPath, [main], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { PATH: process.env['PATH'], ...environment },
  });
  children.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<Record<string, unknown>> {
  if (child.stdout === null) throw new Error('no output');
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error('it ended without a word');
}

function end(child: ChildProcess): Promise<{ code: number | null; signal: string | null; words: string }> {
  let words = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    words += bytes.toString('utf8');
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, words }));
  });
}

interface Running {
  readonly child: ChildProcess;
  readonly endpoint: string;
  readonly control: EmulatorControl;
  /** Pids of instances: two frozen, two busy. */
  readonly pids: readonly number[];
  readonly guardPid: number;
}

/** An emulator with two frozen and two busy instances. */
async function startBusy(): Promise<Running> {
  const child = start();
  const { endpoint } = await firstLine(child);
  if (typeof endpoint !== 'string') throw new Error('the ready line has no endpoint');
  const control = createEmulatorControl(endpoint);
  const client = openClient(endpoint);
  for (const name of ['a', 'b', 'c', 'd']) {
    await control.putFunction(name, plainFunction(folder));
    await invokeWith(client, name, {}, {});
  }
  for (const name of ['c', 'd']) {
    // Nobody is there to answer it in the end.
    invokeWith(client, name, { gate: gate.port }, {}).catch(() => undefined);
    await gate.arrival();
  }
  const instances = await control.instances();
  const pids = instances.flatMap((each) => each.pid ?? []);
  expect(instances.map((each) => each.state)).toEqual(['idle', 'idle', 'busy', 'busy']);
  await until(() => readProcessState(pids[0] ?? 0) === 'T' && readProcessState(pids[1] ?? 0) === 'T');
  return { child, endpoint, control, pids, guardPid: (await control.status()).guardPid ?? 0 };
}

async function expectNothingLeft(running: Running): Promise<void> {
  const all = [...running.pids, running.guardPid];
  expect(all.every((pid) => pid > 1)).toBe(true);
  await until(() => all.every(isGone));
}

describe('nothing stays behind, frozen or busy', () => {
  test('when the emulator is killed', async () => {
    const running = await startBusy();
    running.child.kill('SIGKILL');
    await expectNothingLeft(running);
  });

  test('when its guard was killed before', async () => {
    const running = await startBusy();
    process.kill(running.guardPid, 'SIGKILL');
    await until(async () => {
      const { guardPid } = await running.control.status();
      return guardPid !== undefined && guardPid !== running.guardPid;
    });
    const guardPid = (await running.control.status()).guardPid ?? 0;
    running.child.kill('SIGKILL');
    await expectNothingLeft({ ...running, guardPid });
  });

  test.skipIf(!bindsToParent)('when its guard is paused while it is killed (needs setpriv)', async () => {
    const running = await startBusy();
    process.kill(running.guardPid, 'SIGSTOP');
    await until(() => readProcessState(running.guardPid) === 'T');
    running.child.kill('SIGKILL');
    await until(() => running.pids.every(isGone));
    process.kill(running.guardPid, 'SIGCONT');
    await expectNothingLeft(running);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('when it is asked to stop with %s', async (signal) => {
    const running = await startBusy();
    const ended = end(running.child);
    running.child.kill(signal);
    expect(await ended).toMatchObject({ code: 0 });
    await expectNothingLeft(running);
  });

  test('when whoever started it is gone', async () => {
    const running = await startBusy();
    const exited = new Promise((resolve) => {
      running.child.once('exit', resolve);
    });
    running.child.disconnect();
    expect(await exited).toBe(0);
    await expectNothingLeft(running);
  });
});

describe('the start', () => {
  test('one line says that it serves', async () => {
    const child = start();
    expect(await firstLine(child)).toEqual({
      event: 'ready',
      service: 'emulator',
      pid: child.pid,
      port: expect.any(Number),
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });
  });

  test('a wrong setting ends it with 2 and the remedy', async () => {
    const { code, words } = await end(start({ emulatorColdStartMs: -1 }));
    expect(code).toBe(2);
    expect(words).toContain('SION_EMULATOR_COLD_START_MS');
  });

  test('a port that is taken ends it with 3 and the remedy', async () => {
    const { code, words } = await end(start({ lambdaPort: gate.port }));
    expect(code).toBe(3);
    expect(words).toContain(`port ${gate.port} of the emulator cannot be used`);
    expect(words).toContain('set SION_LAMBDA_PORT to another');
  });
});

describe('requests as no client sends them', () => {
  function ask(endpoint: string, path: string, headers: Record<string, string>): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const call = request(endpoint, { path, agent: false, headers }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      });
      call.on('error', reject);
      call.end();
    });
  }

  test('pages in a browser are refused by Host and by Origin, on every path', async () => {
    const { endpoint, port } = await firstLine(start());
    const paths = ['/_emulator/v1/status', '/2015-03-31/functions'];
    for (const path of paths) {
      const status = (headers: Record<string, string>) => ask(String(endpoint), path, headers);
      expect(await status({ host: `localhost:${port}` })).toBe(200);
      expect(await status({ host: `LOCALHOST:${port}`, origin: `http://127.0.0.1:${port}` })).toBe(200);
      for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${Number(port) + 1}`]) {
        expect(await status({ host })).toBe(403);
      }
      for (const origin of ['https://evil.example', 'null', `http://127.0.0.1:${Number(port) + 1}`]) {
        expect(await status({ host: `127.0.0.1:${port}`, origin })).toBe(403);
      }
    }
  });

  test('paths that are broken or nobody’s', async () => {
    const endpoint = String((await firstLine(start()))['endpoint']);
    const functions = '/2015-03-31/functions';
    const paths = ['//', '/', '/%', `${functions}/f/url`, '/_emulator/v1/nothing', '/_emulator/v1/functions/%'];
    for (const path of paths) expect(await ask(endpoint, path, {})).toBe(404);
    expect(await ask(endpoint, `${functions}/%`, {})).toBe(400);
  });
});
