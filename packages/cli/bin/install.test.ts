import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const script = fileURLToPath(new URL('install.js', import.meta.url));
const nodeName = `node-${process.platform}-${process.arch}`;

/** Stands in for npm: does with node_modules what npm ci would, from the lock file alone, and notes each call. */
const fakeNpm = `
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
appendFileSync('calls.txt', process.argv.slice(2).join(' ') + '\\n');
if (existsSync('npm-fails')) { process.stderr.write('npm error E_NO_WEATHER\\n'); process.exit(7); }
if (existsSync('gate')) {
  await new Promise((resolve) => {
    const watcher = watch('.', () => pass());
    const pass = () => existsSync('gate-open') && (watcher.close(), resolve());
    pass();
  });
}
rmSync('node_modules', { recursive: true, force: true });
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
delete packages[''];
for (const [place, entry] of Object.entries(packages)) {
  if (entry.optional && entry.os && !entry.os.includes(process.platform)) { delete packages[place]; continue; }
  mkdirSync(join(place, 'bin'), { recursive: true });
  writeFileSync(join(place, 'package.json'), '{}');
  if (place.includes('node_modules/node-')) {
    symlinkSync(process.execPath, join(place, 'bin/node'));
    mkdirSync('node_modules/.bin', { recursive: true });
    symlinkSync(join('..', '${nodeName}', 'bin/node'), 'node_modules/.bin/node');
  }
}
writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }));
`;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sion-install-'));
  mkdirSync(join(root, 'packages/cli/bin'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  copyFileSync(script, join(root, 'packages/cli/bin/install.js'));
  writeFileSync(join(root, 'npm-cli.js'), fakeNpm);
  writeLock('1.0.0');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function writeLock(version: string): void {
  const packages = {
    '': { name: 'tiny' },
    'node_modules/thing': { version, integrity: `sha512-${version}` },
    [`node_modules/${nodeName}`]: { version: '24.0.0', optional: true, os: [process.platform] },
    'node_modules/node-beos-x64': { version: '24.0.0', optional: true, os: ['beos'] },
  };
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));
}

interface Run {
  readonly code: number | null;
  readonly errors: string;
}

function start(environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(root, 'packages/cli/bin/install.js')], {
    env: { PATH: process.env['PATH'] ?? '', npm_execpath: join(root, 'npm-cli.js'), ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'close').then(([code]): Run => ({ code: code as number | null, errors }));
  return { child, ended, untilSaid: (words: string) => said(() => errors, child.stderr, words) };
}

async function said(errors: () => string, stream: NodeJS.ReadableStream, words: string): Promise<void> {
  while (!errors().includes(words)) await once(stream, 'data');
}

function calls(): readonly string[] {
  const path = join(root, 'calls.txt');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

describe('installs', () => {
  test('on a fresh clone, once, with npm ci and without scripts', async () => {
    const first = await start().ended;
    expect(first.code).toBe(0);
    expect(first.errors).toMatch(/^Installing dependencies .*: nothing is installed yet\.\nInstalled in \d+ s\.\n$/);
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatch(/^ci --ignore-scripts /);
    expect(await start().ended).toEqual({ code: 0, errors: '' });
    expect(calls()).toHaveLength(1);
  });

  test('when the lock file has changed', async () => {
    await start().ended;
    writeLock('1.0.1');
    expect((await start().ended).errors).toContain('node_modules/thing differs from the lock file');
    expect(calls()).toHaveLength(2);
    expect(await start().ended).toEqual({ code: 0, errors: '' });
  });

  test('when a package was removed by hand', async () => {
    await start().ended;
    rmSync(join(root, 'node_modules/thing'), { recursive: true });
    expect((await start().ended).errors).toContain('node_modules/thing is missing');
    expect(calls()).toHaveLength(2);
  });

  test('when the Node binary is missing', async () => {
    await start().ended;
    unlinkSync(join(root, 'node_modules', nodeName, 'bin/node'));
    expect((await start().ended).errors).toContain('its Node binary is missing');
    expect(calls()).toHaveLength(2);
  });

  test('when an installation was broken off before npm had written its record', async () => {
    await start().ended;
    unlinkSync(join(root, 'node_modules/.package-lock.json'));
    expect((await start().ended).errors).toContain('nothing is installed yet');
  });
});

test('what somebody installed by hand counts as installed', async () => {
  await start().ended;
  rmSync(join(root, 'calls.txt'));
  rmSync(join(root, '.sion'), { recursive: true });
  expect(await start({ npm_execpath: '/nowhere/npm-cli.js' }).ended).toEqual({ code: 0, errors: '' });
  expect(calls()).toEqual([]);
});

test('a failing npm is shown with its output and leaves the way free', async () => {
  writeFileSync(join(root, 'npm-fails'), '');
  const failed = await start().ended;
  expect(failed.code).toBe(1);
  expect(failed.errors).toContain('E_NO_WEATHER');
  expect(failed.errors).toContain('npm ci failed (exit code 7)');
  rmSync(join(root, 'npm-fails'));
  expect((await start().ended).code).toBe(0);
});

test('an npx that started us is taken for the npm beside it', async () => {
  writeFileSync(join(root, 'npx-cli.js'), 'throw new Error("npx was run")');
  expect((await start({ npm_execpath: join(root, 'npx-cli.js') }).ended).code).toBe(0);
  expect(calls()).toHaveLength(1);
});

describe('two at once', () => {
  /** Holds npm up until the result is called. */
  function holdNpm(): () => void {
    writeFileSync(join(root, 'gate'), '');
    return () => writeFileSync(join(root, 'gate-open'), '');
  }

  test('the second waits for the first and installs nothing itself', async () => {
    const release = holdNpm();
    const first = start();
    await first.untilSaid('Installing');
    const second = start();
    await second.untilSaid(`Another installation is under way (pid ${String(first.child.pid)})`);
    release();
    expect((await first.ended).code).toBe(0);
    expect((await second.ended).code).toBe(0);
    expect(calls()).toHaveLength(1);
  });

  test('the second takes over when the first was killed', async () => {
    const release = holdNpm();
    const first = start();
    await first.untilSaid('Installing');
    const second = start();
    await second.untilSaid('Another installation');
    first.child.kill('SIGKILL');
    await second.untilSaid('Installing');
    release();
    expect((await second.ended).code).toBe(0);
    expect(existsSync(join(root, 'node_modules/thing/package.json'))).toBe(true);
  });
});

test('the launcher’s Node is the locked one where there is one', async () => {
  await start().ended;
  const check = `import { nodeBinary } from ${JSON.stringify(join(root, 'packages/cli/bin/install.js'))};
    process.stdout.write(nodeBinary(${JSON.stringify(root)}));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', check], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child, 'close');
  expect(output).toBe(join(root, 'node_modules', nodeName, 'bin/node'));
});
