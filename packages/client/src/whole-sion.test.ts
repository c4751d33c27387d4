/**
 * The client against a whole SION: the examples of the README, as they stand there, run and type-checked with the package,
 * and a proxy that is killed while the client counts.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../tests/doubles/turns.ts';
import { kill, LocalSion } from '../../../tests/e2e/local-sion.ts';
import { type Installed, installPackage, packageFolder } from './built-package.test-data.ts';
import { stringCodec } from './codec.ts';
import { isSionError } from './errors.ts';
import { clientInTest } from './fronts.test-data.ts';
import type { Durability } from './options.ts';

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

describe('durability', slow, () => {
  const place = (key: string) => join(sion.dataDir, 'store', key);
  const connect = (durability?: Durability) => {
    const { respPort, httpPort } = sion.proxy.ready;
    const client = clientInTest({
      ...{ port: Number(respPort), httpPort: Number(httpPort), retries: 0, largeBytes: 100_000 },
      ...(durability === undefined ? {} : { durability }),
    });
    return client.withCodec(stringCodec);
  };
  /** Small ones go over RESP, large ones over HTTP. */
  const values = { small: 'small', large: 'large '.repeat(50_000) };

  it.each(['small', 'large'] as const)('store: a %s value is a file when the call resolves', async (size) => {
    await connect().set(`d-store-${size}`, values[size], { durability: 'store' });
    expect(readFileSync(place(`d-store-${size}`), 'utf8')).toBe(values[size]);
  });

  it.each(['small', 'large'] as const)('memory: a %s value is no file, and an older one is deleted', async (size) => {
    const client = connect('memory');
    const key = `d-memory-${size}`;
    await client.set(key, 'older', { durability: 'store' });
    expect(existsSync(place(key))).toBe(true);
    await client.set(key, values[size]);
    expect(await client.get(key)).toBe(values[size]);
    expect(existsSync(place(key))).toBe(false);
    await client.set(key, 'durable again', { durability: 'store' });
    expect(readFileSync(place(key), 'utf8')).toBe('durable again');
  });

  it('memory: does not go without a place in memory', async () => {
    const attempt = connect().set('d-nowhere', 'x', { durability: 'memory', place: false });
    await expect(attempt).rejects.toMatchObject({ code: 'invalid', effect: 'none' });
  });

  it('journal: goes on while the store is away, where store is unavailable; the store follows', async () => {
    const [store, away] = [join(sion.dataDir, 'store'), join(sion.dataDir, 'away')];
    const client = connect('journal');
    await rename(store, away);
    try {
      for (const size of ['small', 'large'] as const) {
        await client.set(`d-journal-${size}`, values[size]);
        expect(await client.get(`d-journal-${size}`)).toBe(values[size]);
        const refused = client.set(`d-refused-${size}`, values[size], { durability: 'store' });
        await expect(refused).rejects.toMatchObject({ code: 'unavailable', effect: 'none', retryable: true });
      }
    } finally {
      await rename(away, store);
    }
    await until(() => existsSync(place('d-journal-small')) && existsSync(place('d-journal-large')));
    for (const size of ['small', 'large'] as const) {
      expect(readFileSync(place(`d-journal-${size}`), 'utf8')).toBe(values[size]);
      expect(existsSync(place(`d-refused-${size}`))).toBe(false);
    }
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
