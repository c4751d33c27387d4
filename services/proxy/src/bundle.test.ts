/** The bundle by itself: it needs nothing of the clone, and serves. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { buildProxyBundle } from './bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'sion-bundle-'));
let child: ChildProcess | undefined;

afterEach(async () => {
  if (child?.kill('SIGTERM') === true) await once(child, 'exit');
  rmSync(folder, { recursive: true, force: true });
});

test('the proxy runs from its bundle alone', async () => {
  await buildProxyBundle(join(folder, 'app'));
  const ports = Object.fromEntries(['RESP', 'HTTP', 'LINK', 'ADMIN'].map((name) => [`SION_${name}_PORT`, '0']));
  child = spawn(process.execPath, ['code/main.mjs'], {
    cwd: join(folder, 'app'),
    env: { ...ports, SION_DATA_DIR: join(folder, 'data') },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  const { event, httpPort } = JSON.parse(line) as { event: string; httpPort: number };
  expect(event).toBe('ready');
  const place = `http://127.0.0.1:${httpPort}/v1/objects/key`;
  // Of two chunks and a parity: the codec and its kernel are there.
  const value = Buffer.alloc(3 * 2 ** 20, 'x');
  expect((await fetch(place, { method: 'PUT', body: value })).status).toBe(201);
  expect(Buffer.from(await (await fetch(place)).arrayBuffer()).equals(value)).toBe(true);
});
