import { describe, expect, test } from 'vitest';
import { findBrokenEdges } from './import-edges.ts';
import { readImports, readPackages, readRootTools, readSources, type WorkspacePackage } from './workspace.ts';

const packages = readPackages();
const sources = readSources(packages);
const rootTools = readRootTools();
/** Kept apart, so that this very file does not seem to import it. */
const dynamic = 'import';

test('the workspace keeps the edges of the design', () => {
  expect(packages.length).toBeGreaterThanOrEqual(11);
  expect(sources.length).toBeGreaterThan(100);
  expect(findBrokenEdges(packages, sources, rootTools)).toEqual([]);
});

describe('a broken edge is found', () => {
  const core: WorkspacePackage = {
    name: '@sion/core',
    folder: 'packages/core',
    dependencies: [],
    devDependencies: [],
    isPublished: false,
  };
  const proxy: WorkspacePackage = {
    name: '@sion/proxy',
    folder: 'services/proxy',
    dependencies: ['@sion/core', '@sion/emulator', '@aws-sdk/client-lambda'],
    devDependencies: ['redis'],
    isPublished: false,
  };

  function problems(path: string, lines: readonly string[]): readonly string[] {
    const text = lines.join('\n');
    const found = findBrokenEdges([core, proxy], [{ path, text, imports: readImports(text) }], ['vitest']);
    return found.filter((problem) => problem.startsWith(path));
  }

  test.each([
    ['packages/core/src/a.ts', "import type { Clock } from '@sion/components';", 'does not list'],
    ['packages/core/src/a.ts', "import type { Clock } from '@sion/components';", 'not an edge'],
    ['packages/core/src/a.ts', "export * from '../../wire/src/errors.ts';", 'leaves its package'],
    ['packages/core/src/a.ts', "import { a } from './a.test.ts';", 'test file'],
    ['packages/core/src/a.ts', "import { a } from './frames.test-data.ts';", 'test file'],
    ['services/proxy/src/a.ts', "import { a } from '../../../tests/doubles/a.ts';", 'leaves its package'],
    ['services/proxy/src/a.ts', "import {\n  Emulator,\n  b,\n} from '@sion/emulator';", 'not an edge'],
    ['services/proxy/src/a.ts', `const { a } = await ${dynamic}('@sion/emulator');`, 'not an edge'],
    ['services/proxy/src/a.ts', "import '@sion/emulator';", 'not an edge'],
    ['services/proxy/src/a.ts', "import { A } from '@aws-sdk/client-lambda';", 'only packages/aws'],
    ['services/proxy/src/main.ts', "import { A } from '@aws-sdk/client-lambda';", 'only packages/aws'],
    ['services/proxy/src/a.ts', "import { test } from 'vitest';", 'does not list'],
    ['services/proxy/src/a.test.ts', "import { b } from '../../node/src/b.ts';", 'leaves its package'],
    ['services/proxy/src/a.test.ts', "import { fastify } from 'fastify';", 'does not list'],
  ])('%s: %s', (path, line, problem) => {
    expect(problems(path, [line]).join('\n')).toContain(problem);
  });

  test.each([
    ['services/proxy/src/main.ts', "import { Emulator } from '@sion/emulator';"],
    ['services/proxy/src/a.ts', "import { plan } from '@sion/core';"],
    ['services/proxy/src/a.ts', "import { connect } from 'node:net';"],
    ['services/proxy/src/deep/a.ts', "import { b } from '../b.ts';"],
    ['services/proxy/src/a.test.ts', "import { a } from '../../../tests/doubles/a.ts';"],
    ['services/proxy/src/a.test.ts', "import { createClient } from 'redis';"],
    ['packages/core/src/a.test.ts', "import { test } from 'vitest';"],
    ['packages/core/src/a.ts', "// import { test } from 'vitest';"],
    ['packages/core/src/a.ts', "/*\nimport { test } from 'vitest';\n*/"],
  ])('%s: %s is fine', (path, line) => {
    expect(problems(path, [line])).toEqual([]);
  });

  test('a dependency that nothing imports', () => {
    const text = "import { plan } from '@sion/core';";
    const source = { path: 'services/proxy/src/a.ts', text, imports: readImports(text) };
    expect(findBrokenEdges([core, proxy], [source], [])).toEqual([
      'services/proxy/package.json lists @sion/emulator, which no production file imports',
      'services/proxy/package.json lists @aws-sdk/client-lambda, which no production file imports',
      'services/proxy/package.json lists redis, which no file imports',
    ]);
  });

  test('a published package that others could not install, or that brings in more than its edges', () => {
    const client: WorkspacePackage = {
      name: '@sion/client',
      folder: 'packages/client',
      dependencies: ['@sion/core', 'ioredis'],
      devDependencies: ['@sion/wire', 'esbuild'],
      isPublished: true,
    };
    const problemsOf = (path: string, text: string) =>
      findBrokenEdges([client], [{ path, text, imports: readImports(text) }], ['vitest']);
    expect(problemsOf('packages/client/src/a.ts', "import { a } from '@sion/core';")).toEqual(
      expect.arrayContaining([
        'packages/client/src/a.ts imports @sion/core: not an edge of DESIGN',
        'packages/client/package.json lists @sion/core as a dependency, which nobody can install',
      ]),
    );
    expect(problemsOf('packages/client/src/a.ts', "import { build } from 'esbuild';").join()).toContain(
      'does not list',
    );
    const wire = problemsOf('packages/client/src/a.ts', "import { errorCodes } from '@sion/wire';");
    expect(wire.filter((problem) => problem.startsWith('packages/client/src/'))).toEqual([]);
    const build = problemsOf('packages/client/build/main.ts', "import { buildSync } from 'esbuild';");
    expect(build.filter((problem) => problem.startsWith('packages/client/build/'))).toEqual([]);
  });
});
