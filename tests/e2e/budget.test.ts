/** A bound in dollars that the first object spends, as clients and people meet it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { payloadOf } from '@sion/workload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../doubles/turns.ts';
import { LocalSion } from './local-sion.ts';

const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
const value = Buffer.from(payloadOf('k', 1, 1024 * 1024));
const remedy = 'SION_MAX_USD_PER_HOUR';

describe('functions that have cost what they may', { timeout: 60_000 }, () => {
  let sion: LocalSion;

  beforeAll(async () => {
    sion = await LocalSion.start({ nodes: 12, environment: { SION_MAX_USD_PER_HOUR: '0.000001' } });
    await sion.redis().set('k', value);
    await until(async () => {
      const { budget, nodes, totals } = await sion.status();
      return budget.isSaving && totals.invocations.request > 0 && nodes.every(({ state }) => state === 'idle');
    });
  }, 60_000);

  afterAll(async () => {
    await sion?.stop();
  }, 60_000);

  async function run(...args: readonly string[]) {
    const { ready } = sion.proxy;
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        SION_HTTP_PORT: String(ready['httpPort']),
        SION_ADMIN_PORT: String(ready['adminPort']),
        SION_LAMBDA_PORT: String(sion.emulator.ready['port']),
      },
    });
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { output, errors, code };
  }

  it('are left alone: the store serves', async () => {
    const before = (await sion.status()).totals;
    const answer = await fetch(`${sion.httpUrl}/v1/objects/k`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(value)).toBe(true);
    expect(answer.headers.get('server-timing')).toMatch(/^tier;desc="store"/);
    expect(await sion.redis().getBuffer('k')).toEqual(value);
    const after = (await sion.status()).totals;
    expect(after.gets.store - before.gets.store).toBe(2);
    expect(after.invocations).toEqual(before.invocations);
  });

  it('take no values for memory alone, which says why; others go on', async () => {
    const redis = sion.redis();
    expect(await redis.call('SION', 'DURABILITY', 'memory')).toBe('OK');
    await expect(redis.set('m', 'x')).rejects.toThrow(new RegExp(`^CAPACITY .*${remedy}`));
    expect(await redis.call('SION', 'DURABILITY', 'store')).toBe('OK');
    expect(await redis.set('m', 'x')).toBe('OK');
    const answer = await fetch(`${sion.httpUrl}/v1/objects/h`, {
      method: 'PUT',
      body: 'x',
      headers: { 'Sion-Durability': 'memory' },
    });
    expect([answer.status, await answer.text()]).toEqual([507, expect.stringContaining(remedy)]);
  });

  it('are told of, and not warmed', async () => {
    const status = await run('status');
    expect(status.output).toMatch(/budget .*\n.*It is spent: the store serves/);
    const metrics = await (await fetch(`http://127.0.0.1:${sion.proxy.ready['adminPort']}/metrics`)).text();
    expect(metrics).toMatch(/^sion_saving 1$/m);
    const warmed = await run('warm', 'm');
    expect([warmed.code, warmed.errors]).toEqual([1, expect.stringContaining(remedy)]);
  });
});
