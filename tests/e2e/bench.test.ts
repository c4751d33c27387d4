/** The load generator as people run it, against a small whole SION. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalSion } from './local-sion.ts';

const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

describe('sion bench', { timeout: 120_000 }, () => {
  let sion: LocalSion;

  beforeAll(async () => {
    sion = await LocalSion.start({ nodes: 12, nodeMemoryMb: 256 });
  }, 120_000);

  afterAll(async () => {
    await sion?.stop();
  }, 120_000);

  async function bench(...args: readonly string[]) {
    const child = spawn(process.execPath, [main, 'bench', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...sion.proxyEnvironment() },
    });
    const ended = once(child, 'close');
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await ended;
    return { code: Number(code), output, errors };
  }

  it('sends the same verified requests by every way, and writes a whole result', async () => {
    const json = join(sion.dataDir, 'result.json');
    const ways = ['sion', 'sion-http', 'sion-client'];
    const { code, output, errors } = await bench(
      ...ways.flatMap((way) => ['--target', way]),
      ...['--mix', 'get=60,range=15,put=15,head=5,delete=5', '--sizes', '1KB:3,2MB:1', '--records', '20'],
      ...['--requests', '60', '--rate', '40', '--rounds', '2', '--seed', 'e2e', '--json', json],
    );
    // On a busy machine the generator may have been late: that is no fault here, wrong bytes are.
    expect([0, 1]).toContain(code);
    const result = JSON.parse(await readFile(json, 'utf8'));
    expect(result).toMatchObject({ format: 'sion-bench-1', interrupted: false, settings: { seed: 'e2e' } });
    for (const target of result.targets) {
      expect([target.requests, target.failed, target.unfinished]).toEqual([60, 0, 0]);
      expect(target.verdict.isVerified).toBe(true);
      expect(target.verdicts).toMatchObject({ miss: 0, stale: 0, wrong: 0 });
      expect(target.samples.length).toBeGreaterThan(1);
      expect(output).toContain(target.name);
    }
    expect(errors).toContain('objects written beforehand');
  });

  it('says what is wrong before anything is sent', async () => {
    expect(await bench('--target', 'gopher://x')).toMatchObject({ code: 2 });
    const refused = await bench('--target', 'redis://127.0.0.1:1');
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain('No connection to 127.0.0.1:1');
  });
});
