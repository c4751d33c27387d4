/**
 * The client against a whole SION: the examples of the README, as they stand there, run and type-checked with the package,
 * and a proxy that is killed while the client counts.
 */
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kill, LocalSion } from '../../../tests/e2e/local-sion.ts';
import { type Installed, installPackage, packageFolder } from './built-package.test-data.ts';
import { stringCodec } from './codec.ts';
import { isSionError } from './errors.ts';
import { clientInTest } from './fronts.test-data.ts';

const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8');
const compiler = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));

interface Example {
  readonly title: string;
  readonly code: string;
  /** What stands behind `//` in the lines that print. */
  readonly prints: readonly string[];
}

/** Processes are started, on a machine that may be busy. */
const slow = { timeout: 180_000 };

const examples: readonly Example[] = readme.split(/^## /m).flatMap((section) => {
  const title = section.split('\n', 1)[0]?.replace('# ', '') ?? '';
  return [...section.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => ({
    title,
    code,
    prints: [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text = '']) => text),
  }));
});

let sion: LocalSion;
let installed: Installed;
beforeAll(async () => {
  installed = await installPackage();
  sion = await LocalSion.start({ nodes: 12 });
}, 180_000);
afterAll(async () => {
  await installed.remove();
  await sion.stop();
}, 180_000);

describe('the examples', () => {
  it('are all here', () => {
    expect(examples.length).toBeGreaterThanOrEqual(7);
    for (const { code } of examples) {
      const printing = code.split('\n').filter((line) => line.includes('console.log('));
      expect(printing.filter((line) => !line.includes('; // '))).toEqual([]);
    }
  });

  it.each(examples.map((example) => [example.title, example] as const))('%s', slow, async (_, { code, prints }) => {
    const { respPort, httpPort } = sion.proxy.ready;
    const here = code
      .replaceAll('sion://127.0.0.1:6380?http=6381', `sion://127.0.0.1:${respPort}?http=${httpPort}`)
      .replaceAll('port: 6380', `port: ${respPort}`)
      .replaceAll('httpPort: 6381', `httpPort: ${httpPort}`);
    await writeFile(join(installed.folder, 'example.mts'), here);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['example.mts'], { cwd: installed.folder });
    expect(stdout.trimEnd().split('\n')).toEqual(prints);
    expect(stderr).toBe('');
  });

  it('compile in the strictest way', slow, async () => {
    const folder = join(installed.folder, 'examples');
    await mkdir(folder);
    const files = examples.map((_, index) => `example-${index}.mts`);
    await Promise.all(examples.map(({ code }, index) => writeFile(join(folder, files[index] ?? ''), code)));
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, module: 'nodenext' },
      ...{ noPropertyAccessFromIndexSignature: true, target: 'es2022', lib: ['es2023', 'esnext.disposable'] },
      ...{ types: ['node'], noEmit: true },
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    expect(spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' }).stdout).toBe('');
  });
});

// The last one, for it kills.
it(
  'when the proxy is killed, what is acknowledged has happened once, what is indeterminate at most once',
  slow,
  async () => {
    const { respPort, httpPort } = sion.proxy.ready;
    const client = clientInTest({ port: Number(respPort), httpPort: Number(httpPort), retries: 0 });
    const counts = { acknowledged: 0, indeterminate: 0 };
    let going = true;
    const count = async () => {
      while (going) {
        try {
          await client.incr('n');
          counts.acknowledged += 1;
        } catch (error) {
          if (!isSionError(error)) throw error;
          if (error.effect === 'none') return;
          counts.indeterminate += 1;
        }
        if (counts.acknowledged === 100) killed ??= kill(sion.proxy);
      }
    };
    let killed: Promise<void> | undefined;
    await Promise.all(Array.from({ length: 20 }, count));
    going = false;
    await killed;
    await sion.startProxy();
    const patient = clientInTest({ port: Number(respPort), httpPort: Number(httpPort), timeoutMs: 0 });
    const value = Number(await patient.withCodec(stringCodec).get('n'));
    expect(counts.acknowledged).toBeGreaterThanOrEqual(100);
    expect(counts.indeterminate).toBeGreaterThan(0);
    expect(value).toBeGreaterThanOrEqual(counts.acknowledged);
    expect(value).toBeLessThanOrEqual(counts.acknowledged + counts.indeterminate);
    // The first client goes on as well, over new connections.
    expect(await client.incr('n')).toBe(value + 1);
  },
);

it('the README names every method of the client and every option', async () => {
  const { SionClient } = await import('./client.ts');
  const { optionNames } = await import('./options.ts');
  const methods = Object.getOwnPropertyNames(SionClient.prototype).filter((name) => name !== 'constructor');
  expect(methods.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  expect(optionNames.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
