/** A disk that is full under the store; its row is in docs/bad-input.md. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, errorOf } from '../doubles/http-client.ts';
import { BadInputBench } from './bench.ts';
import { titleOf } from './table.ts';

const mib = 1024 * 1024;

/** A small file system of its own, where the kernel lets one be made; else the reason why not. */
function mountSmall(): { readonly folder: string } | { readonly why: string } {
  const folder = mkdtempSync(join(tmpdir(), 'sion-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=80m', 'tmpfs', folder], { stdio: 'pipe' });
    return { folder };
  } catch {
    rmSync(folder, { recursive: true });
    return { why: 'only root may mount a small file system' };
  }
}

describe('with a full disk', { timeout: 120_000 }, () => {
  const small = mountSmall();
  let bench: BadInputBench;

  beforeAll(async () => {
    if ('why' in small) return;
    const dataDir = join(small.folder, 'data');
    mkdirSync(dataDir);
    bench = await BadInputBench.start({ SION_DATA_DIR: dataDir });
  }, 60_000);

  afterAll(async () => {
    await bench?.stop();
    if ('why' in small) return;
    execFileSync('umount', ['-l', small.folder]);
    rmSync(small.folder, { recursive: true });
  }, 60_000);

  it.skipIf('why' in small)(titleOf('a full disk'), async () => {
    const redis = bench.sion.redis();
    const value = Buffer.alloc(4 * mib, 'f');
    const written: string[] = [];
    for (let at = 0; at < 40; at++) {
      const outcome = await redis.set(`f${at}`, value).catch((error: Error) => error.message);
      if (outcome !== 'OK') {
        expect(outcome).toMatch(/^CAPACITY .*(full|space|room)/);
        break;
      }
      written.push(`f${at}`);
    }
    expect(written.length).toBeGreaterThan(3);
    expect(written.length).toBeLessThan(40);
    const refused = await call(bench.httpPort, { method: 'PUT', target: '/v1/objects/more', body: value });
    expect([refused.status, errorOf(refused).code]).toEqual([507, 'capacity']);
    for (const key of written) expect((await redis.getBuffer(key))?.equals(value)).toBe(true);
    expect(await redis.exists('more')).toBe(0);
    expect(await redis.del(...written)).toBe(written.length);
    await bench.nothingKept(2);
    expect(await redis.set('more', value)).toBe('OK');
    await bench.bystand();
  });
});
