import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runProgram } from './program.ts';

let errors: string;
let output: string;
beforeEach(() => {
  [errors, output] = ['', ''];
  vi.spyOn(process.stderr, 'write').mockImplementation((words) => {
    errors += String(words);
    return true;
  });
  vi.spyOn(process.stdout, 'write').mockImplementation((words) => {
    output += String(words);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('wrong commands and options end with exit code 2 before anything is tried', () => {
  test.each([
    [['stats'], "unknown command 'stats'"],
    [[], 'Usage: sion'],
    [['stats'], '(sion --help lists the commands)'],
    [['status', '--jsn'], "unknown option '--jsn'"],
    [['status', '--jsn'], '(sion status --help says more)'],
    [['status', 'a', 'b'], 'too many arguments'],
    [['get'], "missing required argument 'key'"],
    [['put', 'k', '-', '--ttl', 'soon'], 'whole number'],
    [['put', 'k', '-', '--ttl', '0'], 'whole number'],
    [['put', 'k', '-', '--durability', 'tape'], 'Allowed choices are store, journal, memory.'],
    [['put', 'k', '-', '--durability', 'memory', '--no-place'], 'cannot go with --no-place'],
    [['reclaim'], 'with one of --count N, --share X, --all and --node NAME'],
    [['reclaim', '--all', '--count', '2'], 'only one of'],
    [['reclaim', '--share', '1.5'], 'above 0 and at most 1'],
    [['reclaim', '--count', '1e3'], 'whole number'],
  ])('%j', async (args, words) => {
    expect(await runProgram(args, {})).toBe(2);
    expect(errors).toContain(words);
  });

  test('and so does a wrong setting', async () => {
    expect(await runProgram(['status'], { SION_ADMIN_PROT: '1' })).toBe(2);
    expect(errors).toContain('SION_ADMIN_PROT (from the environment) is not a setting. Did you mean SION_ADMIN_PORT?');
  });
});

test('the version is that of the package', async () => {
  expect(await runProgram(['--version'], {})).toBe(0);
  expect(output).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('help is no error', async () => {
  expect(await runProgram(['--help'], {})).toBe(0);
  expect(output).toContain('npm start');
});

test.each([
  [['status'], 'SION_ADMIN_PORT'],
  [['status', 'key', '--json'], 'SION_ADMIN_PORT'],
  [['get', 'key'], 'SION_HTTP_PORT'],
  [['reclaim', '--all'], 'SION_LAMBDA_PORT'],
])('%j says that nothing listens and what to do', async (args, setting) => {
  const port = await freePort();
  expect(await runProgram(args, { [setting]: String(port) })).toBe(1);
  expect(errors).toContain(`Nothing listens on 127.0.0.1:${port}`);
  expect(errors).toContain('npm start');
  expect(errors).toContain(setting);
});

test('the launcher hands arguments in and the exit code out', async () => {
  const launcher = fileURLToPath(new URL('../bin/sion.js', import.meta.url));
  const child = spawn(process.execPath, [launcher, 'stats'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const [words, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  expect([code, words.split('\n')[0]]).toEqual([2, "error: unknown command 'stats'"]);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
