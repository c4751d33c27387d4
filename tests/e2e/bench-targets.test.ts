/** Targets of the load generator that need no SION: S3, in one stream and in parts, and a directory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { S3Server } from '../s3-server/s3-server.ts';

const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
let s3: S3Server;
let folder: string;

beforeAll(async () => {
  s3 = await S3Server.start();
  folder = await mkdtemp(join(tmpdir(), 'sion-bench-'));
});

afterAll(async () => {
  await s3.close();
  await rm(folder, { recursive: true, force: true });
});

it('S3 and a directory serve the same verified requests', { timeout: 60_000 }, async () => {
  const json = join(folder, 'result.json');
  const place = `s3://bucket/some/where?endpoint=${s3.endpoint}`;
  const args = [
    ...[
      '--target',
      place,
      '--target',
      `parts=${place}&parallel=3&part=100KB`,
      '--target',
      `directory:${folder}/objects`,
    ],
    ...['--mix', 'get=50,range=20,put=15,head=5,insert=5,delete=5', '--sizes', '0:1,1KB:3,450KB:2', '--records', '15'],
    ...['--requests', '60', '--rate', '200', '--rounds', '2', '--workers', '2', '--json', json, '--quiet'],
  ];
  const child = spawn(process.execPath, [main, 'bench', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
  });
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  expect(errors).not.toContain('Error');
  expect([0, 1]).toContain(code);
  const result = JSON.parse(await readFile(json, 'utf8'));
  expect(result.targets.map(({ name }: { name: string }) => name)).toEqual(['s3', 'parts', 'directory']);
  for (const target of result.targets) {
    expect([target.name, target.requests, target.failures]).toEqual([target.name, 60, {}]);
    expect([target.name, target.verdicts]).toMatchObject([target.name, { miss: 0, stale: 0, wrong: 0 }]);
  }
  expect([...s3.bucket().objects.keys()].every((key) => key.startsWith('some/where/bench:'))).toBe(true);
  expect(s3.bucket().objects.size).toBeGreaterThan(20);
});
