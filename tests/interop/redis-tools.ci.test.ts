/**
 * The tools that come with Redis, unchanged, against a whole SION: redis-benchmark, and the modes of redis-cli that people
 * look at a server with. `.ci/run` brings them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeCommand } from '../doubles/resp-client.ts';
import { LocalSion } from '../e2e/local-sion.ts';

const mib = 1024 * 1024;
let sion: LocalSion;
let redis: Redis;

beforeAll(async () => {
  sion = await LocalSion.start();
  redis = sion.redis();
  const names = Array.from({ length: 200 }, (_, at) => [`user:${at}`, `value-${at}`]);
  await redis.mset(...names.flat());
  await redis.set('user:big', Buffer.alloc(100_000, 'x'));
});
afterAll(() => sion.stop());

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Runs a tool of Redis's against SION; `input` goes to its standard input. */
async function run(tool: string, args: readonly string[], input: string | Uint8Array = ''): Promise<Ended> {
  const child = spawn(tool, ['-p', String(sion.proxy.ready['respPort']), ...args]);
  child.stdin.end(input);
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code as number | null, out, error };
}

async function infoField(name: string): Promise<number> {
  return Number(new RegExp(`^${name}:(.*)\r$`, 'm').exec(await redis.info('all'))?.[1]);
}

describe('redis-benchmark', () => {
  let runs = 0;

  test.each([
    ['one by one', []],
    ['sixteen at a time', ['-P', '16']],
  ])(
    '%s: no errors, and memory stays',
    async (_name, pipelining) => {
      const errorsBefore = await infoField('total_error_replies');
      // MSET writes ten keys at a time.
      for (const [tests, count] of [
        ['set,get', 400],
        ['incr', 400],
        ['mset', 40],
      ] as const) {
        const args = ['-t', tests, '-n', String(count), '-c', '20', '-d', '1000', '-r', '100', '--csv', ...pipelining];
        const { code, out, error } = await run('redis-benchmark', args);
        expect({ code, out, failed: error.includes('Error') }).toEqual({ code: 0, out, failed: false });
        expect(out.trim().split('\n').length).toBe(1 + tests.split(',').length);
      }
      expect(await infoField('total_error_replies')).toBe(errorsBefore);
      expect(await infoField('used_memory_rss')).toBeLessThan(512 * mib);
      const counters = await redis.keys('counter:*');
      const counts = await Promise.all(counters.map(async (key) => Number(await redis.get(key))));
      runs += 1;
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(400 * runs);
    },
    180_000,
  );
});

describe('redis-cli', () => {
  test('--scan lists what matches', async () => {
    const { out } = await run('redis-cli', ['--scan', '--pattern', 'user:1?']);
    expect(out.trim().split('\n').toSorted()).toEqual(Array.from({ length: 10 }, (_, at) => `user:1${at}`));
  });

  test.each(['--bigkeys', '--memkeys'])('%s finds the biggest', async (mode) => {
    const { code, out } = await run('redis-cli', [mode, '-i', '0']);
    expect(code).toBe(0);
    expect(out).toMatch(/Biggest string found .*user:big/);
  });

  test('--pipe inserts in bulk', async () => {
    const commands = Array.from({ length: 1000 }, (_, at) => encodeCommand(['SET', `pipe:${at % 100}`, `value ${at}`]));
    const { code, out } = await run('redis-cli', ['--pipe'], Buffer.concat(commands));
    expect(out).toContain('errors: 0, replies: 1000');
    expect(code).toBe(0);
    expect(await redis.get('pipe:99')).toBe('value 999');
  });

  test('--latency measures', async () => {
    const { code, out } = await run('redis-cli', ['--latency', '--raw', '-i', '0.2']);
    expect(code).toBe(0);
    expect(out.trim()).toMatch(/^\d+ \d+ \d+\.\d+ \d+$/);
  });

  test('--stat shows a line', async () => {
    const child = spawn('redis-cli', ['-p', String(sion.proxy.ready['respPort']), '--stat', '-i', '0.1']);
    let out = '';
    for await (const piece of child.stdout) {
      out += String(piece);
      if (out.trim().split('\n').length >= 4) break;
    }
    child.kill();
    expect(out).toMatch(/^\s*\d+\s+\S+\s+\d+\s+0\s+\d+ \(\+\d+\)\s+\d+\s*$/m);
  });
});
