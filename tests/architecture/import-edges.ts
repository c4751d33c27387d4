/**
 * Who imports whom, as DESIGN fixes it, checked over plain data:
 *
 * - a relative import stays in its package, except that tests may use what lies under tests/;
 * - `@sion/…` is imported along the edges below only, by its name; a main file, which puts parts together, along any;
 * - the AWS SDK is imported by `aws` alone;
 * - production files never import test files;
 * - a package declares exactly what its production files import; what tests import is declared there or at the root;
 * - a published package has ours, and what builds it, among what only its development needs: they are built into it.
 */
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import type { SourceFile, WorkspacePackage } from './workspace.ts';

/** What each package's production files may import of ours; `any` for the thin ends. */
const edges: Readonly<Record<string, readonly string[] | 'any'>> = {
  '@sion/core': [],
  '@sion/wire': [],
  '@sion/erasure': ['@sion/wire'],
  '@sion/components': ['@sion/wire'],
  '@sion/workload': ['@sion/wire'],
  '@sion/aws': ['@sion/components', '@sion/wire'],
  '@sion/emulator': ['@sion/components', '@sion/wire'],
  '@sion/proxy': ['@sion/core', '@sion/wire', '@sion/erasure', '@sion/components'],
  '@sion/node': ['@sion/core', '@sion/wire', '@sion/erasure', '@sion/components'],
  '@sion/client': ['@sion/wire'],
  '@sion/bench': [
    '@sion/client',
    '@sion/workload',
    '@sion/components',
    '@sion/core',
    '@sion/proxy',
    '@sion/node',
    '@sion/emulator',
  ],
  '@sion/infra': ['@sion/core', '@sion/components', '@sion/wire', '@sion/proxy', '@sion/node'],
  '@sion/cli': 'any',
  '@sion/tests': 'any',
};

/** Tests, their data and doubles: exempt from the edges, and never part of a product. */
export function isTestFile(path: string): boolean {
  return path.startsWith('tests/') || /\.test(-data)?\.ts$/.test(path);
}

/** What builds a published package, and is not published with it. */
function isBuildFile(path: string): boolean {
  return /^packages\/[^/]+\/build\//.test(path);
}

/** A main file puts parts together: `src/main.ts` of a service or package, and the function's `handler.ts`. */
export function isMainFile(path: string): boolean {
  return path === 'services/node/src/handler.ts' || /^(infra|(services|packages)\/[^/]+)\/src\/main\.ts$/.test(path);
}

/** Every broken rule as a sentence. */
export function findBrokenEdges(
  packages: readonly WorkspacePackage[],
  sources: readonly SourceFile[],
  rootTools: readonly string[],
): readonly string[] {
  const broken = sources.flatMap((source) => {
    const owner = packages.find(({ folder }) => source.path.startsWith(`${folder}/`));
    if (owner === undefined) return [`${source.path} belongs to no package`];
    return source.imports.flatMap((specifier) => checkImport(owner, source, specifier, rootTools));
  });
  return [...broken, ...packages.flatMap((owner) => checkDeclared(owner, sources))];
}

function checkImport(
  owner: WorkspacePackage,
  source: SourceFile,
  specifier: string,
  rootTools: readonly string[],
): readonly string[] {
  const { path } = source;
  if (isBuiltin(specifier)) return [];
  if (specifier.startsWith('.')) return checkRelative(owner, path, specifier);
  const name = packageOf(specifier);
  const inDevelopment = isTestFile(path) || isBuildFile(path) || (owner.isPublished && name.startsWith('@sion/'));
  const declared = [
    ...owner.dependencies,
    ...(inDevelopment ? owner.devDependencies : []),
    ...(isTestFile(path) ? rootTools : []),
  ];
  const problems: string[] = [];
  if (!declared.includes(name))
    problems.push(`${path} imports ${name}, which ${owner.folder}/package.json does not list`);
  if (isTestFile(path)) return problems;
  if (/^@(aws-sdk|smithy|aws-crypto)\//.test(name) && owner.name !== '@sion/aws') {
    problems.push(`${path} imports ${name}: only packages/aws imports the AWS SDK`);
  }
  if (name.startsWith('@sion/') && !isMainFile(path)) {
    const allowed = edges[owner.name];
    if (allowed === undefined)
      problems.push(`${owner.name} is in no edge: add it to tests/architecture/import-edges.ts`);
    else if (allowed !== 'any' && !allowed.includes(name))
      problems.push(`${path} imports ${name}: not an edge of DESIGN`);
  }
  return problems;
}

function checkRelative(owner: WorkspacePackage, path: string, specifier: string): readonly string[] {
  const target = posix.join(posix.dirname(path), specifier);
  const inside = target.startsWith(`${owner.folder}/`);
  if (isTestFile(path)) {
    return inside || target.startsWith('tests/') ? [] : [`${path} imports ${specifier}, which leaves its package`];
  }
  if (!inside) return [`${path} imports ${specifier}, which leaves its package`];
  return isTestFile(target) ? [`${path} imports the test file ${target}`] : [];
}

function checkDeclared(owner: WorkspacePackage, sources: readonly SourceFile[]): readonly string[] {
  const own = sources.filter(({ path }) => path.startsWith(`${owner.folder}/`));
  const namesOf = (files: readonly SourceFile[]) => new Set(files.flatMap(({ imports }) => imports.map(packageOf)));
  const inProduction = namesOf(owner.name === '@sion/tests' ? own : own.filter(({ path }) => !isTestFile(path)));
  const anywhere = namesOf(own);
  return [
    ...(owner.isPublished ? owner.dependencies.filter((name) => name.startsWith('@sion/')) : []).map(
      (name) => `${owner.folder}/package.json lists ${name} as a dependency, which nobody can install`,
    ),
    ...owner.dependencies
      .filter((name) => !inProduction.has(name))
      .map((name) => `${owner.folder}/package.json lists ${name}, which no production file imports`),
    ...owner.devDependencies
      .filter((name) => !anywhere.has(name))
      .map((name) => `${owner.folder}/package.json lists ${name}, which no file imports`),
  ];
}

/** `typebox/value` is of `typebox`, `@sion/core` of itself. */
function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}
