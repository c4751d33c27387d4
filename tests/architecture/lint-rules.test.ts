/** The ban on the ambient world, tried with the real linter and the project's own rules on files that break it. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rootFolder } from './workspace.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sion-lint-'));
  copyFileSync(join(rootFolder, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  copyFileSync(join(rootFolder, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  symlinkSync(join(rootFolder, 'node_modules'), join(folder, 'node_modules'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ambient = {
  'Date.now': 'export const a = Date.now();',
  'new Date': 'export const a = new Date();',
  'performance.now': 'export const a = performance.now();',
  'Math.random': 'export const a = Math.random();',
  setTimeout: 'setTimeout(() => {}, 1);',
  setInterval: 'setInterval(() => {}, 1);',
  setImmediate: 'setImmediate(() => {});',
  'globalThis.setTimeout': 'globalThis.setTimeout(() => {}, 1);',
  'AbortSignal.timeout': 'export const a = AbortSignal.timeout(1);',
  'process.hrtime': 'export const a = process.hrtime.bigint();',
  'process.env': "export const a = process.env['PATH'];",
  'imported env': "import { env } from 'node:process';\nexport const a = env;",
  'node:fs': "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;",
  'node:fs/promises': "import { readFile } from 'node:fs/promises';\nexport const a = readFile;",
  'node:timers/promises': "import { setTimeout as wait } from 'node:timers/promises';\nexport const a = wait;",
  'node:net': "import { connect } from 'node:net';\nexport const a = connect;",
  'random bytes': "import { randomBytes } from 'node:crypto';\nexport const a = randomBytes;",
  randomUUID: 'export const a = crypto.randomUUID();',
  fetch: "export const a = fetch('http://127.0.0.1');",
};

/** The paths of the files that the linter finds fault with. */
function lint(files: Readonly<Record<string, string>>): readonly string[] {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `${text}\n`);
  }
  const linter = join(rootFolder, 'node_modules/.bin/oxlint');
  const { stdout } = spawnSync(linter, ['--format', 'unix'], { cwd: folder, encoding: 'utf8' });
  return Object.keys(files).filter((path) => stdout.includes(`${path}:`));
}

function inFolder(place: string): Record<string, string> {
  return Object.fromEntries(Object.values(ambient).map((text, index) => [`${place}/case-${index}.ts`, text]));
}

test.each(['packages/core/src', 'services/proxy/src/objects', 'services/node/src', 'packages/emulator/src/model'])(
  'in %s every ambient use is refused',
  (place) => {
    const files = inFolder(place);
    expect(lint(files)).toEqual(Object.keys(files));
  },
);

test('components, which give the ambient world its system form, may use it', () => {
  expect(lint(inFolder('packages/components/src/system'))).toEqual([]);
});

test('what is pure is allowed everywhere', () => {
  const pure = {
    'packages/core/src/hash.ts': "import { createHash } from 'node:crypto';\nexport const a = createHash('sha256');",
    'packages/core/src/turn.ts': 'queueMicrotask(() => {});',
  };
  expect(lint(pure)).toEqual([]);
});

test('a promise that nobody awaits, any, and a default export are refused', () => {
  const files = {
    'packages/core/src/floating.ts':
      'async function go(): Promise<void> {}\nexport function start(): void {\n  go();\n}',
    'packages/core/src/any.ts': 'export const a: any = 1;',
    'packages/core/src/default.ts': 'const a = 1;\nexport default a;',
    'packages/core/src/unused.ts': 'const a = 1;\nexport const b = 2;',
    'packages/core/src/long.ts': `export function long(): void {\n${'  queueMicrotask(() => {});\n'.repeat(70)}}`,
  };
  expect(lint(files)).toEqual(Object.keys(files));
});
