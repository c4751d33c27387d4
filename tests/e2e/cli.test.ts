/** The `sion` command as people run it, as a process of its own, on a whole SION. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { payloadOf } from '@sion/workload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBreakingLine } from '../doubles/breaking-line.ts';
import { LocalSion, sha256 } from './local-sion.ts';

const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
const mib = 1024 * 1024;
const large = payloadOf('large', 1, 100 * mib);

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

describe('the sion command', { timeout: 120_000 }, () => {
  let sion: LocalSion;
  let source: string;
  let target: string;

  beforeAll(async () => {
    sion = await LocalSion.start({ environment: { SION_LEASE_TTL_MS: '600000', SION_SILENCE_MS: '60000' } });
    [source, target] = [join(sion.dataDir, 'source'), join(sion.dataDir, 'target')];
    writeFileSync(source, large);
  }, 120_000);

  afterAll(async () => {
    await sion?.stop();
  }, 120_000);

  function start(...args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
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
    const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
      ([output, errors, [code]]) => ({ output, errors, code: code as number | null }),
    );
    return { child, ended };
  }

  async function run(...args: readonly string[]): Promise<string> {
    const { code, output, errors } = await start(...args).ended;
    expect([code, errors]).toEqual([0, '']);
    return output;
  }

  it('puts a large file and gets it back', async () => {
    await run('put', 'large', source, '--content-type', 'application/x-large', '--meta', 'owner=me');
    await run('get', 'large', target);
    expect(sha256(readFileSync(target))).toBe(sha256(large));
    const [listed] = (await run('ls', '--json')).split('\n');
    expect(JSON.parse(listed ?? '')).toMatchObject({
      ...{ key: 'large', sizeBytes: large.length, contentType: 'application/x-large', metadata: { owner: 'me' } },
    });
  });

  it('goes on with a download that Ctrl-C ended, over a line that breaks as well', async () => {
    const resumed = join(sion.dataDir, 'resumed');
    const running: ChildProcess[] = [];
    const interrupt = async () => {
      for (const child of running) {
        child.kill('SIGINT');
        if (child.exitCode === null) await once(child, 'exit');
      }
    };
    const cuts = [{ answerBytes: 40 * mib, before: interrupt }, { answerBytes: 30 * mib }];
    const line = await openBreakingLine(Number(sion.proxy.ready['httpPort']), cuts);
    const url = `http://127.0.0.1:${line.port}`;
    const begun = start('get', '--url', url, 'large', resumed);
    running.push(begun.child);
    const interrupted = await begun.ended;
    expect([interrupted.code, interrupted.errors]).toEqual([130, expect.stringContaining('the same command goes on')]);
    const kept = statSync(`${resumed}.sion-part`).size;
    expect(kept).toBeGreaterThan(mib);
    const { code, errors } = await start('get', '--url', url, 'large', resumed).ended;
    expect(code).toBe(0);
    expect(errors.match(/Going on after/g)).toHaveLength(2);
    expect(line.connections()).toBe(3);
    expect(sha256(readFileSync(resumed))).toBe(sha256(large));
    expect(readdirSync(sion.dataDir).filter((name) => name.includes('sion-part'))).toEqual([]);
  });

  it('lists what others have put into the store, page by page, and deletes by prefix', async () => {
    const names = Array.from({ length: 2500 }, (_, index) => `many-${String(index).padStart(4, '0')}`);
    for (const name of names) writeFileSync(join(sion.dataDir, 'store', name), name);
    expect((await run('ls', 'many-')).split('\n').slice(0, -1)).toEqual(names);
    const { child, ended } = start('ls', 'many-');
    child.stdout?.once('data', () => child.stdout?.destroy());
    // The destroyed end is what the test did; how the command took it is its exit code.
    await ended.catch(() => undefined);
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
    expect(await run('rm', '--prefix', 'many-23', '--yes')).toBe('Deleted 100 objects.\n');
    const left = readdirSync(join(sion.dataDir, 'store')).filter((name) => name.startsWith('many-'));
    expect(left.sort()).toEqual(names.filter((name) => !name.startsWith('many-23')));
  });

  it('tells and changes when an object expires', async () => {
    const path = join(sion.dataDir, 'brief');
    writeFileSync(path, 'value');
    await run('put', 'brief', path, '--ttl', '1000');
    const left = Number(await run('ttl', 'brief'));
    expect(left > 900 && left <= 1000).toBe(true);
    expect(await run('ttl', 'brief', '--persist')).toBe('never\n');
    expect(await run('rm', 'brief')).toBe('Deleted 1 object.\n');
  });

  it('looks in the store again after somebody has changed it there', async () => {
    const path = join(sion.dataDir, 'page');
    writeFileSync(path, 'before');
    await run('put', 'page', path);
    await sion.inMemory(['page']);
    expect(await run('get', 'page')).toBe('before');
    writeFileSync(join(sion.dataDir, 'store', 'page'), 'after, by hand');
    expect(await run('invalidate', 'page')).toContain('Invalidated 1 object:');
    expect(await run('get', 'page')).toBe('after, by hand');
  });

  it('warms what memory does not hold', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `warm-${index}`);
    for (const name of names) writeFileSync(join(sion.dataDir, 'store', name), name.repeat(100));
    expect(await run('warm', 'warm-')).toMatch(/^20 placed .*, 0 in memory already\.\n$/);
    expect(await run('warm', 'warm-')).toMatch(/^0 placed .*, 20 in memory already\.\n$/);
    expect(await run('reclaim', '--all')).toContain('Reclaimed');
    expect(await run('invalidate', '--prefix', 'warm-')).toContain('Invalidated 20 objects:');
    expect(await run('warm', 'warm-')).toMatch(/^20 placed .*, 0 in memory already\.\n$/);
    await sion.inMemory(names);
    expect(await run('get', 'warm-7')).toBe('warm-7'.repeat(100));
  });
});
