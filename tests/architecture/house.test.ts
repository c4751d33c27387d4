/** What HOUSE and DESIGN say of files and names, where a machine can tell. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isMainFile, isTestFile } from './import-edges.ts';
import { readPackages, readRootEntries, readSources, rootFolder } from './workspace.ts';

const sources = readSources(readPackages());

/** The prescribed top level; nothing else comes to the root without a reason. */
const topLevel = [
  '.biome.json',
  '.ci',
  '.gitignore',
  '.npmrc',
  '.oxlintrc.json',
  'LICENSE',
  'README.md',
  'cdk.json',
  'docs',
  'infra',
  'package-lock.json',
  'package.json',
  'packages',
  'services',
  'tests',
  'tsconfig.json',
];

const maxFileLines = 400;
const maxMainLines = 60;

test('the root holds only what is prescribed', () => {
  expect(readRootEntries().filter((name) => !topLevel.includes(name))).toEqual([]);
});

test('a file of more than 400 lines gives its reason at its head', () => {
  const long = sources.filter(({ text }) => countLines(text) > maxFileLines && !givesReason(text));
  expect(long.map(({ path }) => path)).toEqual([]);
});

test('main files are short', () => {
  const long = sources.filter(({ path, text }) => isMainFile(path) && countLines(text) > maxMainLines);
  expect(long.map(({ path, text }) => `${path}: ${countLines(text)} lines`)).toEqual([]);
});

describe('names', () => {
  test('files are in kebab-case', () => {
    const wrong = sources.filter(({ path }) => !/^([a-z0-9.-]+\/)*[a-z0-9]+([-.][a-z0-9]+)*\.(ts|js|mjs)$/.test(path));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test('no file or folder says that it holds anything', () => {
    const banned = /(^|[/-])(utils?|commons?|helpers?|shared|misc|manager|impl|base)([/.-]|$)/;
    expect(sources.map(({ path }) => path).filter((path) => banned.test(path))).toEqual([]);
  });

  test('no type is a Manager, Helper, Impl or Base', () => {
    const banned = /\b(?:class|interface|type)\s+(\w*(?:Manager|Helper|Util|Utils|Impl)|Base[A-Z]\w*|\w+Base)\b/g;
    const found = sources
      .filter(({ path }) => !path.startsWith('tests/architecture/'))
      .flatMap(({ path, text }) => [...text.matchAll(banned)].map((match) => `${path}: ${String(match[1])}`));
    expect(found).toEqual([]);
  });
});

test('a production module opens with a paragraph', () => {
  const bare = sources.filter(
    ({ path, text }) =>
      !isTestFile(path) && !path.endsWith('/index.ts') && !/^(#![^\n]*\n)?(import[^\n]*\n|\n)*\/\*\*/.test(text),
  );
  expect(bare.map(({ path }) => path)).toEqual([]);
});

test('a TODO has an issue number', () => {
  const loose = sources
    .filter(({ path }) => !path.startsWith('tests/architecture/'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/\b(TODO|FIXME|XXX)\b(?! ?\(?#\d+)/g)].map((match) => `${path}: ${String(match[1])}`),
    );
  expect(loose).toEqual([]);
});

describe('the lock file', () => {
  const lock: unknown = JSON.parse(readFileSync(join(rootFolder, 'package-lock.json'), 'utf8'));
  const packages = lock as {
    packages: Record<string, { resolved?: string; optionalDependencies?: object; inBundle?: true }>;
  };

  test('names no registry host', () => {
    const hosts = Object.entries(packages.packages).filter(([, entry]) => /^\w+:\/\//.test(entry.resolved ?? ''));
    expect(hosts).toEqual([]);
  });

  /** One that is left out makes a clean installation fail wherever it was not left out. */
  test('names the packages of every platform', () => {
    const missing = Object.entries(packages.packages).flatMap(([place, entry]) =>
      // What comes within another package is never installed by itself, nor is what it could do without.
      Object.keys(entry.inBundle === true ? {} : (entry.optionalDependencies ?? {})).filter(
        (name) =>
          packages.packages[`node_modules/${name}`] === undefined &&
          packages.packages[`${place}/node_modules/${name}`] === undefined,
      ),
    );
    expect(missing).toEqual([]);
  });
});

const manifest = JSON.parse(readFileSync(join(rootFolder, 'package.json'), 'utf8')) as {
  optionalDependencies: Record<string, string>;
};
const pinnedNode = manifest.optionalDependencies[`node-${process.platform}-${process.arch}`];

test.skipIf(pinnedNode === undefined)('tests run under the Node that the lock file pins', () => {
  expect(process.version).toBe(`v${String(pinnedNode)}`);
});

function countLines(text: string): number {
  return text.split('\n').length - 1;
}

/** The opening comment says why it is long. */
function givesReason(text: string): boolean {
  const head = /\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? '';
  return /\b(long|one file|lines)\b/i.test(head);
}
