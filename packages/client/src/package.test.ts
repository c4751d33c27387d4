/** The published package: what is in it, that both kinds of module load it, that its types hold for strict users, its size. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installed, installPackage } from './built-package.test-data.ts';

/** What the code may have, in bytes, before compression. */
const maxCodeBytes = 60_000;
/** What npm sends, in bytes. */
const maxPackedBytes = 60_000;

const compiler = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));

let installed: Installed;
beforeAll(async () => {
  installed = await installPackage();
}, 180_000);
afterAll(() => installed.remove());

function run(name: string): string {
  return execFileSync(process.execPath, [name], { cwd: installed.folder, encoding: 'utf8' });
}

describe('what is in it', () => {
  it('is the build, its types and the papers, and nothing that they do not need', () => {
    const names = installed.packed.files.map(({ path }) => path);
    expect(names).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.cjs']),
    );
    expect(
      names.filter((name) => !/^(LICENSE|README\.md|package\.json|dist\/[a-z-]+\.(d\.ts|d\.cts|js|cjs))$/.test(name)),
    ).toEqual([]);
    const texts = names.map((name) => readFileSync(join(installed.folder, 'node_modules/@sion/client', name), 'utf8'));
    // Nobody could install what is not published.
    expect(texts.filter((text) => /(from|require\(|import\()\s*['"]@sion\/(?!client)/.test(text))).toEqual([]);
  });

  it('is small', () => {
    expect(installed.built.codeBytes).toBeLessThan(maxCodeBytes);
    expect(installed.packed.size).toBeLessThan(maxPackedBytes);
  });
});

describe('at run time', () => {
  it('is one and the same from import and from require', async () => {
    await writeFile(
      join(installed.folder, 'both.mjs'),
      `import { createRequire } from 'node:module';
       import * as imported from '@sion/client';
       const required = createRequire(import.meta.url)('@sion/client');
       const names = Object.keys(required).sort();
       console.log(JSON.stringify({ names, same: names.every((name) => imported[name] === required[name]) }));`,
    );
    expect(JSON.parse(run('both.mjs'))).toEqual({
      names: [
        ...['SionClient', 'SionError', 'bufferCodec', 'createClient', 'isSionError', 'jsonCodec'],
        ...['sionErrorCodes', 'stringCodec'],
      ],
      same: true,
    });
  });

  it('works from CommonJS', async () => {
    await writeFile(
      join(installed.folder, 'use.cjs'),
      `const { createClient, isSionError } = require('@sion/client');
       const client = createClient({ port: 1, retries: 0 });
       client.get('k').catch((error) => console.log(isSionError(error), error.code)).finally(() => client.close());`,
    );
    expect(run('use.cjs')).toBe('true unavailable\n');
  });

  it('ends the process by itself once it is closed', async () => {
    await writeFile(
      join(installed.folder, 'idle.mjs'),
      `import { createClient } from '@sion/client';
       const client = createClient();
       await client.close();
       console.log('done');`,
    );
    expect(run('idle.mjs')).toBe('done\n');
  });
});

/** A user's program that uses each kind of type there is; indented, so that it is not taken for this file's own imports. */
const program = `
  import { Readable } from 'node:stream';
  import {
    type Codec, createClient, isSionError, jsonCodec, type ListedObject, type ObjectInfo, type SionClient, SionError,
    type SionErrorCode, stringCodec,
  } from '@sion/client';

  interface User { readonly name: string }
  type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;
  function same<A, B>(_: Same<A, B>): void {}

  export async function use(client: SionClient): Promise<void> {
    const bytes = await client.get('k');
    same<typeof bytes, Buffer | null>(true);
    const text = await client.get('k', { codec: stringCodec, timeoutMs: 5 });
    same<typeof text, string | null>(true);
    const users = createClient('sion://h', { codec: jsonCodec<User>() });
    const user = await users.get('k');
    same<typeof user, User | null>(true);
    const many = await users.mget(['a', Buffer.from('b')]);
    same<typeof many, (User | null)[]>(true);
    await users.set('k', { name: 'Ada' }, { ttl: 5, ifAbsent: true });
    await client.set('k', { name: 'Ada' }, { codec: jsonCodec<User>() });
    await client.set('k', new Uint8Array(1));
    // @ts-expect-error A number is no User.
    await users.set('k', 1);
    // @ts-expect-error Nor bytes, for the default codec.
    await client.set('k', 1);
    // @ts-expect-error There is no such option.
    await client.set('k', 'v', { tll: 5 });
    // @ts-expect-error A key is text or bytes.
    await client.get(1);
    const stored = await client.setStream('k', Readable.from(['x']), { metadata: { a: 'b' } });
    same<NonNullable<typeof stored>['etag'], string | undefined>(true);
    const info: ObjectInfo | undefined = (await client.getStream('k'))?.info;
    for await (const entry of client.list({ prefix: 'a' })) same<typeof entry, ListedObject>(true);
    for await (const entry of client.list({ delimiter: '/' })) if (entry.kind === 'prefix') entry.prefix.length;
    const reversed: Codec<string> = { encode: (value) => value, decode: (found) => found.toString().toUpperCase() };
    await client.withCodec(reversed).getSet('k', info?.etag ?? '');
    try {
      await client.incr('k');
    } catch (error) {
      if (isSionError(error)) same<typeof error.code, SionErrorCode>(true);
      if (error instanceof SionError && error.retryable) throw error;
    }
  }
`;

const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false };

describe('for a strict user, with every declaration checked', () => {
  it.each([
    ['an ES module, nodenext', 'use.mts', { module: 'nodenext', moduleResolution: 'nodenext' }],
    ['CommonJS, nodenext', 'use.cts', { module: 'nodenext', moduleResolution: 'nodenext' }],
    ['a bundler', 'use.ts', { module: 'esnext', moduleResolution: 'bundler' }],
  ])('%s', async (title, file, how) => {
    const folder = join(installed.folder, `types-${title.replaceAll(/\W+/g, '-')}`);
    await mkdir(folder);
    await writeFile(join(folder, file), program);
    const compilerOptions = { ...strict, ...how, target: 'es2022', lib: ['es2023'], types: ['node'], noEmit: true };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
    const found = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
    expect(found.stdout).toBe('');
    expect(found.status).toBe(0);
  });
});
